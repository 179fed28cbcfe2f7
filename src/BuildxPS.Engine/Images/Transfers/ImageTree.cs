namespace BuildxPS.Engine.Images.Transfers;

/// <summary>An image with all that belongs to it, read but for its blobs.</summary>
internal sealed record ImageTree
{
    /// <summary>What the image's name points at.</summary>
    public required ImageNode Root { get; init; }

    /// <summary>What was attached to the image or its parts: signatures, SBOMs, attestations.</summary>
    public IReadOnlyList<ImageNode> Referrers { get; init; } = [];
}

/// <summary>A manifest or an index of an image.</summary>
internal sealed record ImageNode
{
    /// <summary>The document.</summary>
    public required ImageDocument Document { get; init; }

    /// <summary>What an index lists.</summary>
    public IReadOnlyList<ImageNode> Children { get; init; } = [];

    /// <summary>What a manifest lists: its config and its layers, but for those that are never given to a registry.</summary>
    public IReadOnlyList<Descriptor> Blobs { get; init; } = [];

    /// <summary>How many levels lie below.</summary>
    public int Height => Children.Count == 0 ? 0 : 1 + Children.Max(c => c.Height);
}
