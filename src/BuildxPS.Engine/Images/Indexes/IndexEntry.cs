using System.Text.Json;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>
/// An entry of an index, to the letter and with all that the specification knows of ("Content Descriptors"). It is written
/// as programs in Go write it, so that buildx and this module make the same bytes of the same images.
/// </summary>
internal sealed record IndexEntry
{
    private const string ReferenceType = "vnd.docker.reference.type";
    private const string ReferenceDigest = "vnd.docker.reference.digest";
    private const string AttestationManifest = "attestation-manifest";

    /// <summary>Media type; empty only in a descriptor that a user gave without one.</summary>
    public string MediaType { get; init; } = "";

    public required string Digest { get; init; }

    /// <summary>Bytes; null only in a descriptor that a user gave without them.</summary>
    public long? Size { get; init; }

    public IReadOnlyList<string> Urls { get; init; } = [];

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The document itself in base64; null where it is not embedded.</summary>
    public string? Data { get; init; }

    public EntryPlatform? Platform { get; init; }

    public string? ArtifactType { get; init; }

    /// <summary>The digest of the image that it is BuildKit's attestation of; null where it is none.</summary>
    public string? AttestationOf
        => Annotations.GetValueOrDefault(ReferenceType) == AttestationManifest ? Annotations.GetValueOrDefault(ReferenceDigest) : null;

    /// <summary>Reads an entry of an index.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static IndexEntry Read(StrictJson json) => ReadGiven(json) is { MediaType.Length: > 0, Size: not null } entry
        ? entry
        : throw json.Invalid("an entry has no media type or no size");

    /// <summary>Reads a descriptor that may leave out what a registry can tell.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static IndexEntry ReadGiven(StrictJson json)
    {
        json.RefuseCaseTwins("mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType");
        var digest = json.RequiredText("digest");
        return new IndexEntry
        {
            MediaType = json.Text("mediaType") ?? "",
            Digest = Digests.IsValid(digest) ? digest : throw json.Invalid($"'{DisplayText.Line(digest)}' is not a digest"),
            Size = json.Has("size") ? json.RequiredSize("size") : null,
            Urls = json.Texts("urls"),
            Annotations = json.TextMap("annotations"),
            Data = json.Text("data"),
            Platform = json.Object("platform") is { } platform ? EntryPlatform.Read(platform) : null,
            ArtifactType = json.Text("artifactType"),
        };
    }

    /// <summary>Makes one of a descriptor.</summary>
    public static IndexEntry From(Descriptor descriptor) => new()
    {
        MediaType = descriptor.MediaType,
        Digest = descriptor.Digest,
        Size = descriptor.Size,
        Urls = descriptor.Urls,
        Annotations = descriptor.Annotations,
        Platform = descriptor.Platform is { } platform ? EntryPlatform.From(platform) : null,
        ArtifactType = descriptor.ArtifactType,
    };

    /// <summary>The same as an entry for BuildKit's attestation of an image, which was attached to it.</summary>
    public IndexEntry AsAttestationOf(string image) => this with
    {
        Platform = new EntryPlatform { Architecture = "unknown", OS = "unknown" },
        ArtifactType = null,
        Annotations = new Dictionary<string, string>(Annotations, StringComparer.Ordinal) { [ReferenceType] = AttestationManifest, [ReferenceDigest] = image },
    };

    /// <summary>The same with annotations, which replace those of the same keys.</summary>
    public IndexEntry With(IEnumerable<KeyValuePair<string, string>> annotations)
    {
        var all = new Dictionary<string, string>(Annotations, StringComparer.Ordinal);
        foreach (var (key, value) in annotations)
        {
            all[key] = value;
        }

        return this with { Annotations = all };
    }

    public Descriptor ToDescriptor() => new()
    {
        MediaType = MediaType,
        Digest = Digest,
        Size = Size ?? 0,
        Urls = Urls,
        Annotations = Annotations,
        Platform = Platform?.Meaning,
        ArtifactType = ArtifactType,
    };

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("mediaType", MediaType);
        writer.WriteString("digest", Digest);
        writer.WriteNumber("size", Size ?? 0);
        if (Urls.Count > 0)
        {
            writer.WriteStartArray("urls");
            foreach (var url in Urls)
            {
                writer.WriteStringValue(url);
            }

            writer.WriteEndArray();
        }

        WriteAnnotations(writer, Annotations);
        if (!string.IsNullOrEmpty(Data))
        {
            writer.WriteString("data", Data);
        }

        if (Platform is not null)
        {
            writer.WritePropertyName("platform");
            Platform.WriteTo(writer);
        }

        if (!string.IsNullOrEmpty(ArtifactType))
        {
            writer.WriteString("artifactType", ArtifactType);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes annotations as a member, where there are some.</summary>
    public static void WriteAnnotations(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> annotations)
    {
        if (annotations.Count == 0)
        {
            return;
        }

        writer.WriteStartObject("annotations");
        foreach (var (key, value) in annotations.OrderBy(a => a.Key, StringComparer.Ordinal))
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }
}
