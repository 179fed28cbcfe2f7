namespace BuildxPS;

/// <summary>An image index (or docker manifest list): one entry a platform, and BuildKit's attestations.</summary>
public sealed record ImageIndex : ImageDocument
{
    /// <summary>The entries, in order, attestations included.</summary>
    public IReadOnlyList<Descriptor> Manifests { get; init => field = Indexable.From(value); } = ShownList<Descriptor>.Empty;

    /// <summary>Platforms that the index has images for, in order; attestations do not count.</summary>
    public IReadOnlyList<Platform> Platforms
        => Indexable.From(Manifests.Where(m => !m.IsAttestation).Select(m => m.Platform).OfType<Platform>().Distinct().ToArray());
}
