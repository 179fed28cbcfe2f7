using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>What gets the new names: an index, or one manifest as it was.</summary>
internal sealed record ComposedImage
{
    /// <summary>How it would stand in an index itself.</summary>
    public required IndexEntry Root { get; init; }

    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>What it points at, which must be in a repository before it; of one manifest, itself.</summary>
    public required IReadOnlyList<PlacedEntry> Entries { get; init; }

    /// <summary>What the user should know of it.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public bool IsIndex => MediaTypes.IsIndex(Root.MediaType);

    /// <summary>Makes one of an index that was just written.</summary>
    public static ComposedImage From(IndexDraft draft, IReadOnlyList<PlacedEntry> entries, string mediaType)
    {
        var bytes = draft.ToBytes();
        return new ComposedImage
        {
            Root = new IndexEntry { MediaType = mediaType, Digest = Digests.Compute(bytes), Size = bytes.Length },
            Bytes = bytes,
            Entries = entries,
        };
    }
}
