namespace BuildxPS;

/// <summary>What an attestation says it is about.</summary>
public sealed record AttestationSubject
{
    /// <summary>Its name, for an image a package URL such as <c>pkg:docker/app@1?platform=linux%2Famd64</c>; empty where there is none.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its digests by algorithm, as hexadecimal digits.</summary>
    public IReadOnlyDictionary<string, string> Digests { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
