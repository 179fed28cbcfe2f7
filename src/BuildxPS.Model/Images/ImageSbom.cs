namespace BuildxPS;

/// <summary>What is in an image, as an SBOM in SPDX form says.</summary>
public sealed record ImageSbom
{
    /// <summary>The document's name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Version of the form: <c>SPDX-2.3</c>.</summary>
    public string Format { get; init; } = "";

    /// <summary>When it was made; null where that is not said.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>Who made it: <c>Tool: syft-v1.0</c>, <c>Organization: …</c>.</summary>
    public IReadOnlyList<string> Creators { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>The packages, in order.</summary>
    public IReadOnlyList<SbomPackage> Packages { get; init => field = Indexable.From(value); } = ShownList<SbomPackage>.Empty;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
