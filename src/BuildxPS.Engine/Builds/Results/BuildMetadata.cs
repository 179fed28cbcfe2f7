using System.Text;
using System.Text.Json;

namespace BuildxPS.Engine.Builds.Results;

/// <summary>What exporters report, as buildx writes it to a metadata file.</summary>
internal static class BuildMetadata
{
    private const int MaxDecoded = 1024 * 1024;

    /// <summary>Makes the metadata of a build.</summary>
    /// <param name="response">What the exporters reported.</param>
    /// <param name="buildRef">The build's reference.</param>
    /// <returns>Values by key; a value that is the base64 form of a JSON object, or of a list of objects, is that JSON.</returns>
    public static IReadOnlyDictionary<string, string> Create(IReadOnlyDictionary<string, string> response, string buildRef)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in response)
        {
            metadata[key] = TryDecode(value) ?? value;
        }

        metadata["buildx.build.ref"] = buildRef;
        return metadata;
    }

    /// <summary>Decodes a value that is an object, or a list of objects, in disguise.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The JSON; null where it is something else. An empty object is, as in buildx.</returns>
    internal static string? TryDecode(string value)
    {
        var bytes = new byte[Math.Min(value.Length, MaxDecoded)];
        if (value.Length is 0 or > MaxDecoded || !Convert.TryFromBase64String(value, bytes, out var length))
        {
            return null;
        }

        try
        {
            var json = bytes.AsMemory(0, length);
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return (root.ValueKind == JsonValueKind.Object && root.EnumerateObject().Any())
                || (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0 && root.EnumerateArray().All(e => e.ValueKind == JsonValueKind.Object))
                ? Encoding.UTF8.GetString(json.Span)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
