namespace BuildxPS;

/// <summary>The image of one platform that a build made.</summary>
public sealed record BuiltImage
{
    /// <summary>Its platform.</summary>
    public required Platform Platform { get; init; }

    /// <summary>Digest of its manifest; in a docker daemon with a classic image store, the image's id.</summary>
    public required string Digest { get; init; }

    /// <summary>
    /// Bytes of its manifest (of a classic image store: of its config; 0 where the daemon does not tell). How large the layers are
    /// stands in the manifest itself.
    /// </summary>
    public required long Size { get; init; }

    /// <summary>Media type of its manifest; of a classic image store, of its config.</summary>
    public required string MediaType { get; init; }

    /// <summary>Names that it has for itself, as in a classic image store; empty where the index that it is part of has the names.</summary>
    public IReadOnlyList<string> Names { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <inheritdoc/>
    public override string ToString() => $"{Platform} {Digest}";
}
