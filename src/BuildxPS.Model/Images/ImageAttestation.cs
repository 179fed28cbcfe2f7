using System.Text;

namespace BuildxPS;

/// <summary>
/// A statement about an image that lies beside it in its index (in-toto): its provenance, its SBOM. Size and digest were
/// checked; whether the statement is true depends on who may push to the repository.
/// </summary>
public sealed record ImageAttestation
{
    /// <summary>The image that was asked for.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>Digest of the manifest that the index says it is about.</summary>
    public required string ImageDigest { get; init; }

    /// <summary>That manifest's platform; null where the index has no such manifest.</summary>
    public Platform? Platform { get; init; }

    /// <summary>What it is about.</summary>
    public AttestationKind Kind { get; init; }

    /// <summary>What kind of statement it is, for example <c>https://slsa.dev/provenance/v1</c>.</summary>
    public required string PredicateType { get; init; }

    /// <summary>Version of the statement's own form, for example <c>https://in-toto.io/Statement/v0.1</c>.</summary>
    public string StatementType { get; init; } = "";

    /// <summary>What the statement itself says it is about.</summary>
    public IReadOnlyList<AttestationSubject> Subjects { get; init => field = Indexable.From(value); } = ShownList<AttestationSubject>.Empty;

    /// <summary>Whether one of <see cref="Subjects"/> is <see cref="ImageDigest"/>; a statement about another image proves nothing about this one.</summary>
    public bool MatchesImage => ImageDigest.Split(':', 2) is [var algorithm, var hex]
        && Subjects.Any(s => s.Digests.TryGetValue(algorithm, out var digest) && string.Equals(digest, hex, StringComparison.OrdinalIgnoreCase));

    /// <summary>A provenance of SLSA 0.2 or 1 in short; else null.</summary>
    public ImageProvenance? Provenance { get; init; }

    /// <summary>An SBOM in SPDX form; else null.</summary>
    public ImageSbom? Sbom { get; init; }

    /// <summary>Digest of <see cref="RawBytes"/>.</summary>
    public required string Digest { get; init; }

    /// <summary>Digest of the manifest that lists it.</summary>
    public required string ManifestDigest { get; init; }

    /// <summary>Size of <see cref="RawBytes"/>, in bytes.</summary>
    public long Size => RawBytes.Length;

    /// <summary>The whole statement exactly as the registry sent it: the digest is over these bytes.</summary>
    public required ReadOnlyMemory<byte> RawBytes { get; init; }

    /// <summary><see cref="RawBytes"/> as text.</summary>
    public string RawJson => Encoding.UTF8.GetString(RawBytes.Span);

    /// <summary>
    /// All that the statement says, read anew at each use: dictionaries (keys without regard to case where none differ in case only), arrays, texts,
    /// numbers, booleans and null, as <c>ConvertFrom-Json -AsHashtable</c> gives them.
    /// </summary>
    public object? Predicate => JsonObjects.Read(RawBytes, "predicate");

    /// <inheritdoc/>
    public override string ToString() => PredicateType;
}
