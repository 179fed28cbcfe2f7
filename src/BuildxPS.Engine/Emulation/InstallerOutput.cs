using System.Text.Json;

namespace BuildxPS.Engine.Emulation;

/// <summary>What an installer printed before it ended.</summary>
internal sealed record InstallerOutput
{
    private const int ShownLines = 15;

    /// <summary>How it ended.</summary>
    public required int ExitCode { get; init; }

    /// <summary>The last lines that it printed, errors first, without escape codes.</summary>
    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>The entries that it says the kernel has now; empty where it does not say.</summary>
    public IReadOnlyList<string> Emulators { get; init; } = [];

    /// <summary>Reads what was printed.</summary>
    /// <param name="exitCode">How it ended.</param>
    /// <param name="errors">Lines of standard error.</param>
    /// <param name="output">Lines of standard output, which hold the machine's state as JSON.</param>
    /// <returns>The output.</returns>
    public static InstallerOutput Read(int exitCode, IReadOnlyList<string> errors, IReadOnlyList<string> output)
        => new() { ExitCode = exitCode, Lines = [.. errors, .. output], Emulators = ReadState(string.Join('\n', output)) };

    /// <summary>The output for a message.</summary>
    /// <returns>Lines of their own, or what stands for none.</returns>
    public string Show() => Lines.Count == 0 ? " It printed nothing." : "\nIt printed:\n" + string.Join('\n', Lines.Take(ShownLines).Select(l => "  " + l));

    private static IReadOnlyList<string> ReadState(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("emulators", out var names)
                && names.ValueKind == JsonValueKind.Array
                ? [.. names.EnumerateArray().Where(n => n.ValueKind == JsonValueKind.String).Select(n => n.GetString()!)]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
