using System.Globalization;

namespace BuildxPS.Pipeline;

/// <summary>A warning of a build as one harmless line.</summary>
internal static class WarningText
{
    private const int MaxLength = 2000;

    /// <summary>Writes the line.</summary>
    /// <param name="warning">The warning, as the engine sent it.</param>
    /// <returns>File and line first, where they are known.</returns>
    public static string Of(BuildWarning warning)
    {
        var message = warning.Message;
        if (warning.Source is { } source)
        {
            // The frontend ends its sentences with the line, which the place in front says already.
            var ending = string.Create(CultureInfo.InvariantCulture, $" (line {source.FirstLine})");
            message = $"{source}: " + (message.EndsWith(ending, StringComparison.Ordinal) ? message[..^ending.Length] : message);
        }

        return DisplayText.Line(message, MaxLength);
    }
}
