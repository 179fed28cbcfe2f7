namespace BuildxPS.Engine.Images.Transfers;

/// <summary>An image with all that belongs to it, read but for its blobs.</summary>
internal sealed record ImageTree
{
    /// <summary>What the image's name points at.</summary>
    public required ImageNode Root { get; init; }

    /// <summary>What was attached to the image or its parts: signatures, SBOMs, attestations.</summary>
    public IReadOnlyList<ImageNode> Referrers { get; init; } = [];

    /// <summary>What is listed as attached, and is not there.</summary>
    public IReadOnlyList<Descriptor> Absent { get; init; } = [];

    /// <summary>All manifests and indexes, each once.</summary>
    public IEnumerable<ImageNode> Nodes => ImageNode.Below([Root, .. Referrers]);

    /// <summary>Those that say themselves what they are attached to.</summary>
    public IEnumerable<ImageDocument> Attached => Nodes.Select(n => n.Document).Where(d => d.Subject is not null);

    /// <summary>The digests of all that the image needs.</summary>
    public IEnumerable<string> Digests => Nodes.SelectMany(n => n.Blobs.Select(b => b.Digest).Prepend(n.Document.Digest)).Distinct(StringComparer.Ordinal);
}

/// <summary>A manifest or an index of an image. Several indexes may list the same one.</summary>
internal sealed record ImageNode
{
    /// <summary>The document.</summary>
    public required ImageDocument Document { get; init; }

    /// <summary>What an index lists.</summary>
    public IReadOnlyList<ImageNode> Children { get; init; } = [];

    /// <summary>What a manifest lists: its config and its layers, but for those that are never given to a registry.</summary>
    public IReadOnlyList<Descriptor> Blobs { get; init; } = [];

    /// <summary>How many levels lie below.</summary>
    public int Height { get; init; }

    /// <summary>Nodes and all that lies below them, each once however many ways lead to it.</summary>
    /// <param name="roots">The nodes.</param>
    /// <returns>The nodes, those that list others before them.</returns>
    public static IEnumerable<ImageNode> Below(IEnumerable<ImageNode> roots)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<ImageNode>(roots.Reverse());
        while (open.TryPop(out var node))
        {
            if (!seen.Add(node.Document.Digest))
            {
                continue;
            }

            yield return node;
            foreach (var child in node.Children.Reverse())
            {
                open.Push(child);
            }
        }
    }
}
