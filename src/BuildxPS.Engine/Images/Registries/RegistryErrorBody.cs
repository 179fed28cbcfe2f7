using System.Text;
using System.Text.Json;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>What a registry says about a failure: its codes (distribution specification, "Error Codes") and words.</summary>
internal sealed record RegistryErrorBody
{
    private const int MaxEntries = 5;

    private static readonly string[] s_words = ["error", "error_description", "details", "message"];

    /// <summary>Nothing was said.</summary>
    public static RegistryErrorBody Empty { get; } = new() { Text = "" };

    /// <summary>Codes and words on one line; empty where nothing usable was said.</summary>
    public required string Text { get; init; }

    /// <summary>The body as it came, for the few words that servers in front of a registry are known by.</summary>
    public string Raw { get; init; } = "";

    /// <summary>Reads an error's body. Whatever is in it, this does not fail.</summary>
    /// <param name="bytes">The body, or its beginning.</param>
    /// <returns>What it says.</returns>
    public static RegistryErrorBody Parse(ReadOnlyMemory<byte> bytes)
    {
        var raw = Encoding.UTF8.GetString(bytes.Span[..Math.Min(bytes.Length, 1000)]);
        try
        {
            using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 32 });
            return new RegistryErrorBody { Text = Describe(json.RootElement), Raw = raw };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return new RegistryErrorBody { Text = LooksLikeMarkup(raw) ? "" : DisplayText.Line(raw, 200), Raw = raw };
        }
    }

    private static bool LooksLikeMarkup(string text) => text.AsSpan().TrimStart().StartsWith("<");

    private static string Describe(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return "";
        }

        if (!root.TryGetProperty("errors", out var errors) || errors.ValueKind != JsonValueKind.Array)
        {
            // Token services answer as OAuth does, or with one word of their own.
            return DisplayText.Line(string.Join(": ", s_words.Select(n => Member(root, n)).Where(t => t.Length > 0)));
        }

        var parts = errors.EnumerateArray().Take(MaxEntries).Where(e => e.ValueKind == JsonValueKind.Object).Select(e =>
            string.Join(": ", new[] { Member(e, "code"), Member(e, "message") }.Where(t => t.Length > 0)));
        return DisplayText.Line(string.Join("; ", parts));
    }

    private static string Member(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
