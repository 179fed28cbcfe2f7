namespace BuildxPS;

/// <summary>Points at a manifest, an index, a config or a layer by its digest (OCI image specification, "Content Descriptors").</summary>
public sealed record Descriptor
{
    private const string ReferenceType = "vnd.docker.reference.type";

    /// <summary>Media type of what it points at.</summary>
    public required string MediaType { get; init; }

    /// <summary>Digest of what it points at, for example <c>sha256:…</c>.</summary>
    public required string Digest { get; init; }

    /// <summary>Size of what it points at, in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The platform that it is for; null where none is stated, as for layers.</summary>
    public Platform? Platform { get; init; }

    /// <summary>Annotations; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>Type of an artifact that is not an image; null for images.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>Other places where the bytes may be had. They are shown, never fetched from.</summary>
    public IReadOnlyList<string> Urls { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>Whether it points at BuildKit's attestations of another entry, not at an image that runs.</summary>
    public bool IsAttestation
        => Annotations.TryGetValue(ReferenceType, out var type) ? type == "attestation-manifest" : Platform is { OS: "unknown" };

    /// <inheritdoc/>
    public override string ToString() => Digest;
}
