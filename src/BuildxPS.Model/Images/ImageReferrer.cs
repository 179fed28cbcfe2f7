namespace BuildxPS;

/// <summary>
/// What was attached to an image: a signature, an SBOM, an attestation outside of its index (OCI distribution specification,
/// "Listing Referrers"). Whether what it says is true depends on who may push to the repository.
/// </summary>
public sealed record ImageReferrer
{
    /// <summary>Where it is: piped on, it is what <c>Get-BuildxImageManifest</c> and <c>Copy-BuildxImage</c> read.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>The digest of the image that it was attached to.</summary>
    public required string SubjectDigest { get; init; }

    /// <summary>Points at its manifest.</summary>
    public required Descriptor Descriptor { get; init; }

    /// <summary>What it is, for example <c>application/vnd.dev.cosign.artifact.sig.v1+json</c>; null where that is not stated.</summary>
    public string? ArtifactType => Descriptor.ArtifactType;

    /// <summary>Digest of its manifest.</summary>
    public string Digest => Descriptor.Digest;

    /// <summary>Size of its manifest, in bytes.</summary>
    public long Size => Descriptor.Size;

    /// <summary>Annotations; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Annotations => Descriptor.Annotations;

    /// <inheritdoc/>
    public override string ToString() => Digest;
}
