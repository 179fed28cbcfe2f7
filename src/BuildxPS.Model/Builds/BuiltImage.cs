namespace BuildxPS;

/// <summary>The image of one platform that a build made.</summary>
public sealed record BuiltImage
{
    /// <summary>Its platform.</summary>
    public required Platform Platform { get; init; }

    /// <summary>Digest of its manifest.</summary>
    public required string Digest { get; init; }

    /// <summary>Bytes of its manifest. How large the layers are stands in the manifest itself.</summary>
    public required long Size { get; init; }

    /// <summary>Media type of its manifest.</summary>
    public required string MediaType { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Platform} {Digest}";
}
