using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <summary>Finds the registry that an engine's error is about.</summary>
internal static partial class RegistryNames
{
    /// <summary>Finds it.</summary>
    /// <param name="text">The engine's text.</param>
    /// <returns>Host and port; null if the text names none.</returns>
    public static string? Find(string text)
        => Address().Match(text) is { Success: true } address ? address.Groups[1].Value
            : Image().Match(text) is { Success: true } image ? image.Groups[1].Value
            : null;

    // What the engine asked comes before what was to be pushed: of a mirror only the first is true.
    [GeneratedRegex(@"https?://([\w.:\[\]-]{1,255})/v2/")]
    private static partial Regex Address();

    [GeneratedRegex(@"(?:failed to push|failed to resolve source metadata for|failed to load metadata for|failed to resolve reference) ""?((?:[\w-]+\.[\w.-]+|[\w.-]+:\d+|localhost|\[[0-9a-fA-F:]+\](?::\d+)?)(?::\d+)?)/")]
    private static partial Regex Image();
}
