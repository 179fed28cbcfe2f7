using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>The index of an image's referrers that clients keep where a registry does not (distribution specification, "Referrers Tag Schema").</summary>
internal static class ReferrerList
{
    /// <summary>Adds a manifest; what else the list has stays.</summary>
    /// <param name="list">The list so far; null where there is none.</param>
    /// <param name="document">The manifest.</param>
    /// <returns>The bytes of the new list.</returns>
    public static byte[] With(ImageIndex? list, ImageDocument document)
    {
        var index = list is null
            ? new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = MediaTypes.OciIndex }
            : JsonNode.Parse(list.RawBytes.Span)!.AsObject();
        index["mediaType"] = MediaTypes.OciIndex;
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

        if (index["manifests"] is not JsonArray entries)
        {
            index["manifests"] = entries = [];
        }

        entries.Add(entry);
        return GoJson.Write(writer => index.WriteTo(writer));
    }
}
