using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Results;

/// <summary>What a build reports, byte for byte as <c>docker buildx build --metadata-file</c> writes it.</summary>
internal static class MetadataFile
{
    private const string WarningsKey = "buildx.build.warnings";

    /// <summary>Writes the text.</summary>
    /// <param name="response">What the exporters reported.</param>
    /// <param name="buildRef">The build's reference.</param>
    /// <param name="provenance">Provenance by key.</param>
    /// <param name="warnings">The frontend's warnings; empty leaves them out.</param>
    /// <returns>JSON of sorted keys, without an end of line.</returns>
    public static byte[] Render(
        IReadOnlyDictionary<string, string> response,
        string buildRef,
        IReadOnlyDictionary<string, JsonObject> provenance,
        IReadOnlyList<BuildWarning> warnings)
    {
        var all = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var (key, value) in response)
        {
            all[key] = BuildMetadata.TryDecode(value) is { } json ? JsonNode.Parse(json) : JsonValue.Create(value);
        }

        foreach (var (key, value) in provenance)
        {
            all[key] = value;
        }

        all["buildx.build.ref"] = buildRef;
        if (warnings.Count > 0)
        {
            all[WarningsKey] = new JsonArray([.. warnings.Select(Warning)]);
        }

        return GoJson.Write(writer => Write(writer, all), isIndented: true);
    }

    private static void Write(Utf8JsonWriter writer, SortedDictionary<string, JsonNode?> all)
    {
        writer.WriteStartObject();
        foreach (var (key, value) in all)
        {
            writer.WritePropertyName(key);
            value!.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private static JsonObject Warning(BuildWarning warning)
    {
        var json = new JsonObject { ["vertex"] = warning.VertexDigest };
        if (warning.Level != 0)
        {
            json["level"] = warning.Level;
        }

        json["short"] = Base64(warning.Message);
        if (warning.Detail.Length > 0)
        {
            json["detail"] = new JsonArray([.. warning.Detail.Split('\n').Select(l => (JsonNode)Base64(l))]);
        }

        if (warning.Url is { } url)
        {
            json["url"] = url.OriginalString;
        }

        if (warning.Source is { } source)
        {
            json["sourceInfo"] = source.Text.Length == 0
                ? new JsonObject { ["filename"] = source.FileName }
                : new JsonObject { ["filename"] = source.FileName, ["data"] = Base64(source.Text), ["language"] = "Dockerfile" };
            json["range"] = new JsonArray(new JsonObject
            {
                ["start"] = new JsonObject { ["line"] = source.FirstLine },
                ["end"] = new JsonObject { ["line"] = source.LastLine },
            });
        }

        return json;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
