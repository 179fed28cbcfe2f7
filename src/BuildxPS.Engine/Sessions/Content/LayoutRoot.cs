using System.Text.Json;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>A document that stands in a layout's index: an image's manifest or index, or that of a cache.</summary>
internal sealed class LayoutRoot
{
    private const int MaxText = 1024 * 1024;

    private readonly JsonObject _descriptor;

    private LayoutRoot(JsonObject descriptor, ContentDigest digest) => (_descriptor, Digest) = (descriptor, digest);

    /// <summary>The document's digest.</summary>
    public ContentDigest Digest { get; }

    /// <summary>Reads a descriptor that the engine reported.</summary>
    /// <param name="text">JSON.</param>
    /// <returns>The document; null if that is no descriptor.</returns>
    public static LayoutRoot? TryParse(string text)
    {
        try
        {
            return text.Length <= MaxText
                && JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false }) is JsonObject descriptor
                && descriptor["mediaType"] is JsonValue mediaType && mediaType.TryGetValue<string>(out _)
                && descriptor["size"] is JsonValue size && size.TryGetValue<long>(out var bytes) && bytes >= 0
                && descriptor["digest"] is JsonValue digest && digest.TryGetValue<string>(out var value) && ContentDigest.TryParse(value, out var parsed)
                ? new LayoutRoot(descriptor, parsed)
                : null;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Describes a document that is known otherwise.</summary>
    /// <param name="mediaType">What it is.</param>
    /// <param name="digest">Its digest.</param>
    /// <param name="size">Bytes.</param>
    /// <returns>The document.</returns>
    public static LayoutRoot Create(string mediaType, ContentDigest digest, long size)
        => new(new JsonObject { ["mediaType"] = mediaType, ["digest"] = digest.ToString(), ["size"] = size }, digest);

    /// <summary>Makes an entry of an index, its fields in the order in which Go writes them.</summary>
    /// <param name="annotations">Annotations to add or to replace.</param>
    /// <returns>The entry.</returns>
    public JsonObject Describe(IReadOnlyDictionary<string, string> annotations)
    {
        var all = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var (key, value) in _descriptor["annotations"] as JsonObject ?? [])
        {
            all[key] = value?.DeepClone();
        }

        foreach (var (key, value) in annotations)
        {
            all[key] = value;
        }

        var entry = new JsonObject();
        Copy("mediaType");
        Copy("digest");
        Copy("size");
        Copy("urls");
        entry["annotations"] = new JsonObject(all);
        Copy("data");
        Copy("platform");
        Copy("artifactType");
        return entry;

        void Copy(string name)
        {
            if (_descriptor[name] is { } value)
            {
                entry[name] = value.DeepClone();
            }
        }
    }
}

/// <summary>A name in a layout's index.</summary>
/// <param name="RefName">The tag, or what stands for one.</param>
/// <param name="ImageName">The image's whole name; empty for a bare tag.</param>
internal readonly record struct LayoutName(string RefName, string ImageName)
{
    /// <summary>A bare tag.</summary>
    /// <param name="tag">The tag.</param>
    /// <returns>The name.</returns>
    public static LayoutName Tag(string tag) => new(tag, "");

    /// <summary>An image's name, of which the tag stands alone, too.</summary>
    /// <param name="name">For example <c>docker.io/library/app:1</c>.</param>
    /// <returns>The name.</returns>
    public static LayoutName Image(string name)
    {
        // As containerd cuts names: behind the first ':' or from the first '@' after the host on.
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var end = slash <= 0 ? -1 : name.AsSpan(slash).IndexOfAny(':', '@');
        return end < 0
            ? new("", name)
            : new(name[slash + end] == '@' ? name[(slash + end)..] : name[(slash + end + 1)..], name);
    }
}
