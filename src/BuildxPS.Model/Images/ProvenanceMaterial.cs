namespace BuildxPS;

/// <summary>Something that a build was made from: a base image, a source repository, a download.</summary>
public sealed record ProvenanceMaterial
{
    /// <summary>Its address, for an image a package URL such as <c>pkg:docker/alpine@3.22?platform=linux%2Famd64</c>.</summary>
    public string Uri { get; init; } = "";

    /// <summary>Its digests by algorithm, as hexadecimal digits.</summary>
    public IReadOnlyDictionary<string, string> Digests { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <inheritdoc/>
    public override string ToString() => Uri;
}
