using System.Text.Json;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>
/// The <c>index.json</c> of a layout: which documents it holds, under which names. It is read and written as BuildKit's own
/// client does; fields that are not known here stay.
/// </summary>
internal sealed class LayoutIndex
{
    private const string FileName = "index.json";
    private const string ImageName = "io.containerd.image.name";
    private const string RefName = "org.opencontainers.image.ref.name";
    private const int MaxBytes = 16 * 1024 * 1024;
    private const int MaxUnnamed = 1000;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    private readonly JsonObject _root;
    private readonly string _path;

    private LayoutIndex(JsonObject root, string path) => (_root, _path) = (root, path);

    /// <summary>How the documents are named, those without a name by their digest.</summary>
    public IReadOnlyList<string> Names => [.. Manifests.Where(m => !IsReferrerList(m)).Select(NameOf)];

    private IEnumerable<JsonObject> Manifests => (_root["manifests"] as JsonArray)?.OfType<JsonObject>() ?? [];

    /// <summary>Where a layout's index lies.</summary>
    /// <param name="folder">The layout.</param>
    /// <returns>Its file.</returns>
    public static string PathOf(string folder) => Path.Join(folder, FileName);

    /// <summary>An index without documents.</summary>
    /// <param name="folder">The layout that it is for.</param>
    /// <returns>The index.</returns>
    public static LayoutIndex Empty(string folder) => new([], PathOf(folder));

    /// <summary>Reads a layout's index.</summary>
    /// <param name="folder">The layout.</param>
    /// <returns>The index; null if there is none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.LayoutInvalid"/>.</exception>
    public static LayoutIndex? Read(string folder)
    {
        var path = PathOf(folder);
        try
        {
            return Parse(ReadBytes(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw ContentFailures.Unreadable(path, e);
        }
    }

    /// <summary>Reads an index.</summary>
    /// <param name="bytes">The file's bytes.</param>
    /// <param name="path">The file, for messages.</param>
    /// <returns>The index.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.LayoutInvalid"/>.</exception>
    public static LayoutIndex Parse(ReadOnlySpan<byte> bytes, string path)
    {
        try
        {
            return JsonNode.Parse(bytes, documentOptions: s_options) is JsonObject root && root["manifests"] is (null or JsonArray)
                ? new LayoutIndex(root, path)
                : throw ContentFailures.InvalidIndex(path, "it is not an index of images");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw ContentFailures.InvalidIndex(path, "it is not JSON, or has a key twice", e);
        }
    }

    /// <summary>Finds a document by its name.</summary>
    /// <param name="tag">An image's whole name, or a tag.</param>
    /// <returns>Its digest; null if no document has that name.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.LayoutInvalid"/>: the document has no valid digest.</exception>
    public ContentDigest? Find(string tag)
        => (Manifests.FirstOrDefault(m => Annotation(m, ImageName) == tag) ?? Manifests.FirstOrDefault(m => Annotation(m, RefName) == tag)) is { } found
            ? DigestOf(found)
            : null;

    /// <summary>The only document.</summary>
    /// <returns>Its digest; null if there are several, or none.</returns>
    public ContentDigest? FindOnly() => Manifests.Where(m => !IsReferrerList(m)).Take(2).ToList() is [var only] ? DigestOf(only) : null;

    /// <summary>Names a document, and takes the name from the one that had it.</summary>
    /// <param name="root">The document.</param>
    /// <param name="name">Its name.</param>
    public void Add(LayoutRoot root, LayoutName name)
    {
        _ = _root.TryAdd("schemaVersion", 2);
        if (!_root.ContainsKey("mediaType"))
        {
            _root.Insert(_root.IndexOf("schemaVersion") + 1, "mediaType", "application/vnd.oci.image.index.v1+json");
        }

        if (_root["manifests"] is not JsonArray manifests)
        {
            _root["manifests"] = manifests = [];
        }

        manifests.RemoveAll(m => m is JsonObject o && (Annotation(o, RefName) ?? "") == name.RefName && (Annotation(o, ImageName) ?? "") == name.ImageName);
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal) { [RefName] = name.RefName };
        if (name.ImageName.Length > 0)
        {
            annotations[ImageName] = name.ImageName;
        }

        manifests.Add(root.Describe(annotations));
    }

    /// <summary>The digests of all documents.</summary>
    /// <returns>The digests that are valid.</returns>
    public IEnumerable<ContentDigest> Digests()
        => Manifests.Select(m => ContentDigest.TryParse(Text(m, "digest"), out var digest) ? digest : null).OfType<ContentDigest>();

    /// <summary>The documents without a name; the first thousand of them.</summary>
    /// <returns>The digests that are valid.</returns>
    public IEnumerable<ContentDigest> Unnamed()
        => Manifests.Where(m => string.IsNullOrEmpty(Annotation(m, ImageName)) && string.IsNullOrEmpty(Annotation(m, RefName))).Take(MaxUnnamed)
            .Select(m => ContentDigest.TryParse(Text(m, "digest"), out var digest) ? digest : null).OfType<ContentDigest>();

    /// <summary>The index as it is written.</summary>
    /// <returns>The file's bytes.</returns>
    public byte[] ToBytes() => GoJson.Write(writer => _root.WriteTo(writer));

    private static byte[] ReadBytes(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (file.Length > MaxBytes)
        {
            throw ContentFailures.InvalidIndex(path, $"it is larger than {MaxBytes >> 20} MiB");
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>A list of what was attached to an image stands under a tag that is made of the image's digest.</summary>
    private static bool IsReferrerList(JsonObject manifest)
        => Annotation(manifest, RefName) is { } name && name.IndexOf('-', StringComparison.Ordinal) is > 0 and var dash
            && ContentDigest.TryParse(string.Concat(name.AsSpan(0, dash), ":", name.AsSpan(dash + 1)), out _);

    private static string NameOf(JsonObject manifest)
        => Annotation(manifest, ImageName) ?? Annotation(manifest, RefName) ?? Text(manifest, "digest") ?? "?";

    private static string? Annotation(JsonObject manifest, string name) => manifest["annotations"] is JsonObject annotations ? Text(annotations, name) : null;

    private static string? Text(JsonObject element, string name) => element[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private ContentDigest DigestOf(JsonObject manifest)
        => ContentDigest.TryParse(Text(manifest, "digest"), out var digest)
            ? digest
            : throw ContentFailures.InvalidIndex(_path, $"'{DisplayText.Line(NameOf(manifest))}' has no valid digest");
}
