using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>An image of which an index is made, as it is in its registry.</summary>
internal sealed record ResolvedSource
{
    /// <summary>The repository that has it.</summary>
    public required ImageReference Repository { get; init; }

    /// <summary>How it would stand in an index: what the registry says, and what the user said instead.</summary>
    public required IndexEntry Entry { get; init; }

    /// <summary>Its bytes; empty where the registry was not asked for them, as all that is needed was known.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Takes an index as it is.</summary>
    public static ResolvedSource From(ImageIndex index) => new()
    {
        Repository = index.DigestReference,
        Entry = new IndexEntry { MediaType = index.MediaType, Digest = index.Digest, Size = index.Size },
        Bytes = index.RawBytes,
    };

    /// <summary>Whether it is an index itself, whose entries count.</summary>
    public bool IsIndex => MediaTypes.IsIndex(Entry.MediaType);
}

/// <summary>An entry of an index, and the repository that has its image.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Repository">The repository.</param>
internal sealed record PlacedEntry(IndexEntry Entry, ImageReference Repository);
