using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>The index of an image's referrers that clients keep where a registry does not (distribution specification, "Referrers Tag Schema").</summary>
internal static class ReferrerList
{
    /// <summary>Adds a manifest.</summary>
    /// <param name="list">The list so far; null where there is none.</param>
    /// <param name="document">The manifest.</param>
    /// <returns>The bytes of the new list.</returns>
    public static byte[] With(ImageIndex? list, ImageDocument document)
    {
        var entries = list is null ? [] : JsonNode.Parse(list.RawBytes.Span)!["manifests"]!.DeepClone().AsArray();
        var entry = new JsonObject
        {
            ["mediaType"] = document.MediaType,
            ["digest"] = document.Digest,
            ["size"] = document.Size,
        };
        if (document.Annotations.Count > 0)
        {
            entry["annotations"] = new JsonObject(document.Annotations.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value)));
        }

        if ((document.ArtifactType ?? (document as ImageManifest)?.ConfigDescriptor.MediaType) is { } type)
        {
            entry["artifactType"] = type;
        }

        entries.Add(entry);
        var index = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = MediaTypes.OciIndex, ["manifests"] = entries };
        return GoJson.Write(writer => index.WriteTo(writer));
    }
}
