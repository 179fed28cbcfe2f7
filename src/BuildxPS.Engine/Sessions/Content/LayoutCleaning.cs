using System.Text.Json;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>Removes what nothing in a layout leads to any more.</summary>
internal static class LayoutCleaning
{
    /// <summary>Documents are small; what is larger is a layer, and leads nowhere.</summary>
    private const long MaxDocument = 4 * 1024 * 1024;

    private static readonly string[] s_lists = ["manifests", "layers", "config", "subject"];
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 32 };

    /// <summary>Removes blobs that no document of the index leads to. A document that is missing or damaged leads nowhere.</summary>
    /// <param name="folder">The layout.</param>
    /// <param name="index">Its index, as it is on the disk.</param>
    public static void RemoveUnreachable(string folder, LayoutIndex index)
    {
        var reached = new HashSet<ContentDigest>();
        var open = new Stack<ContentDigest>(index.Digests());
        while (open.TryPop(out var digest))
        {
            if (!reached.Add(digest))
            {
                continue;
            }

            foreach (var child in Children(LayoutStore.PathOf(folder, digest)))
            {
                open.Push(child);
            }
        }

        using var store = new LayoutStore(folder);
        foreach (var info in store.List().Where(i => !reached.Contains(i.Digest)).ToList())
        {
            File.Delete(LayoutStore.PathOf(folder, info.Digest));
        }
    }

    private static List<ContentDigest> Children(string path)
    {
        var children = new List<ContentDigest>();
        if (new FileInfo(path) is not { Exists: true, Length: > 0 and <= MaxDocument })
        {
            return children;
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), s_options);
            foreach (var list in s_lists)
            {
                if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(list, out var value))
                {
                    Collect(value, children);
                }
            }
        }
        catch (JsonException)
        {
            // A layer, or a config: it leads nowhere.
        }

        return children;
    }

    private static void Collect(JsonElement value, List<ContentDigest> children)
    {
        var items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value];
        children.AddRange(items
            .Where(i => i.ValueKind == JsonValueKind.Object && i.TryGetProperty("digest", out var d) && d.ValueKind == JsonValueKind.String)
            .Select(i => ContentDigest.TryParse(i.GetProperty("digest").GetString(), out var digest) ? digest : null)
            .OfType<ContentDigest>());
    }
}
