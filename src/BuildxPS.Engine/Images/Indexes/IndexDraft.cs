using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>An index that is being made.</summary>
internal sealed record IndexDraft
{
    /// <summary>Media type as it stands in the document; empty where it does not.</summary>
    public required string MediaType { get; init; }

    public string? ArtifactType { get; init; }

    public required IReadOnlyList<IndexEntry> Entries { get; init; }

    public IndexEntry? Subject { get; init; }

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Reads an index.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="subject">What it is, for messages.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static IndexDraft Read(ReadOnlyMemory<byte> bytes, string subject)
    {
        var json = StrictJson.Parse(bytes, subject);
        return new IndexDraft
        {
            MediaType = json.Text("mediaType") ?? "",
            ArtifactType = json.Text("artifactType"),
            Entries = [.. json.Objects("manifests").Select(IndexEntry.Read)],
            Subject = json.Object("subject") is { } of ? IndexEntry.Read(of) : null,
            Annotations = json.TextMap("annotations"),
        };
    }

    /// <summary>Writes it as buildx does, byte for byte.</summary>
    public byte[] ToBytes() => GoJson.Write(
        writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion", 2);
            if (MediaType.Length > 0)
            {
                writer.WriteString("mediaType", MediaType);
            }

            if (!string.IsNullOrEmpty(ArtifactType))
            {
                writer.WriteString("artifactType", ArtifactType);
            }

            writer.WriteStartArray("manifests");
            foreach (var entry in Entries)
            {
                entry.WriteTo(writer);
            }

            writer.WriteEndArray();
            if (Subject is not null)
            {
                writer.WritePropertyName("subject");
                Subject.WriteTo(writer);
            }

            IndexEntry.WriteAnnotations(writer, Annotations);
            writer.WriteEndObject();
        },
        isIndented: true);
}
