using System.Text;

namespace BuildxPS;

/// <summary>An index or a manifest as a registry holds it, with its bytes as they came.</summary>
public abstract record ImageDocument
{
    /// <summary>The reference that was asked for.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>Media type, for example <c>application/vnd.oci.image.index.v1+json</c>.</summary>
    public required string MediaType { get; init; }

    /// <summary>Digest of <see cref="RawBytes"/>.</summary>
    public required string Digest { get; init; }

    /// <summary>Size of <see cref="RawBytes"/>, in bytes.</summary>
    public long Size => RawBytes.Length;

    /// <summary>Version of the format; 2 for all that are supported.</summary>
    public int SchemaVersion { get; init; } = 2;

    /// <summary>Annotations; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>Type of an artifact that is not an image; null for images.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>What this document is about, where it was attached to another one (a signature, an SBOM); else null.</summary>
    public Descriptor? Subject { get; init; }

    /// <summary>The bytes exactly as the registry sent them: the digest is over these.</summary>
    public required ReadOnlyMemory<byte> RawBytes { get; init; }

    /// <summary><see cref="RawBytes"/> as text.</summary>
    public string RawJson => Encoding.UTF8.GetString(RawBytes.Span);

    /// <summary>The same name with this document's digest: a reference that always means these bytes.</summary>
    public ImageReference DigestReference => Reference with { Tag = null, Digest = Digest };

    /// <inheritdoc/>
    public sealed override string ToString() => Digest;
}
