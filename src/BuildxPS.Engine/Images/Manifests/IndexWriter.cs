using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Images.Manifests;

/// <summary>Puts images into one index, as <c>docker buildx imagetools create</c> does.</summary>
internal static class IndexWriter
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NewLine = "\n",
    };

    /// <summary>
    /// Makes an index of the entries of others. Their order stays, an entry that comes twice stands once, and what an
    /// entry says is kept to the letter.
    /// </summary>
    /// <param name="parts">The indexes; at least one.</param>
    /// <param name="annotations">Annotations of the index; a docker manifest list takes none, as in buildx.</param>
    /// <returns>Media type and bytes. A docker manifest list only if all entries are docker's own.</returns>
    public static (string MediaType, byte[] Bytes) Merge(IReadOnlyList<ImageIndex> parts, IReadOnlyDictionary<string, string> annotations)
    {
        var entries = new JsonArray();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var onlyDocker = true;
        foreach (var part in parts)
        {
            // The reader has checked the document, so that each entry is an object.
            var written = JsonNode.Parse(part.RawBytes.Span)!["manifests"]!.AsArray();
            foreach (var (descriptor, json) in part.Manifests.Zip(written))
            {
                if (seen.Add(descriptor.Digest))
                {
                    onlyDocker &= descriptor.MediaType.StartsWith("application/vnd.docker.", StringComparison.Ordinal);
                    entries.Add(json!.DeepClone());
                }
            }
        }

        var mediaType = onlyDocker ? MediaTypes.DockerList : MediaTypes.OciIndex;
        var index = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = mediaType, ["manifests"] = entries };
        if (!onlyDocker && annotations.Count > 0)
        {
            index["annotations"] = new JsonObject(annotations.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value)));
        }

        return (mediaType, JsonSerializer.SerializeToUtf8Bytes(index, s_options));
    }
}
