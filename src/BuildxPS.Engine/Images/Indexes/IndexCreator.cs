using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Sessions.Files.Outputs;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>Makes indexes of images that are in registries, and pushes them: <c>docker buildx imagetools create</c>.</summary>
/// <param name="client">What speaks to the registries; it is not disposed here.</param>
public sealed class IndexCreator(RegistryClient client)
{
    /// <summary>How BuildKit's attestations are called where they are attached to an image instead of standing in its index.</summary>
    private const string AttestationType = "application/vnd.docker.attestation.manifest.v1+json";

    /// <summary>Makes an index. Nothing is changed anywhere.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The index.</returns>
    /// <exception cref="BuildxException">
    /// As <see cref="IndexRequest.Check"/> has them; <see cref="BuildxFailure.ImageNotFound"/>, <see cref="BuildxFailure.PlatformNotAvailable"/>,
    /// <see cref="BuildxFailure.DigestMismatch"/> and the other failures of registries.
    /// </exception>
    public async Task<PreparedIndex> PrepareAsync(IndexRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var sources = await new SourceResolver(client).ResolveAsync(request, cancellationToken).ConfigureAwait(false);
        var image = IndexComposer.Compose(sources, request.Annotations, request.PreferIndex);
        if (request.Platforms.Count > 0)
        {
            image = IndexComposer.Keep(image, request.Platforms);
            image = image.IsIndex ? IndexComposer.Add(image, await ReadAttachedAsync(image, cancellationToken).ConfigureAwait(false)) : image;
        }

        var reference = request.Tags.Count > 0 ? request.Tags[0] : sources[0].Repository with { Tag = null, Digest = image.Root.Digest };
        return new PreparedIndex(ManifestReader.Read(reference, image.Bytes, image.Root.MediaType, image.Root.Digest), image);
    }

    /// <summary>Pushes an index under its names: first what it points at, where that is in another repository; the names last.</summary>
    /// <param name="prepared">The index.</param>
    /// <param name="tags">The names.</param>
    /// <param name="metadataFile">Gets what was pushed, as buildx writes it; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What happens.</returns>
    /// <exception cref="BuildxException">The failures of registries; <see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public IAsyncEnumerable<BuildEvent> PushAsync(PreparedIndex prepared, IReadOnlyList<ImageReference> tags, string? metadataFile, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        if (metadataFile is not null)
        {
            FileOutput.CheckWritable(metadataFile);
        }

        return EventStream.RunAsync(
            async (report, token) =>
            {
                await new IndexPush(client, prepared, report).RunAsync(tags, token).ConfigureAwait(false);
                if (metadataFile is not null)
                {
                    await FileOutput.WriteAsync(metadataFile, Metadata(prepared.Image, tags), token).ConfigureAwait(false);
                }
            },
            cancellationToken);
    }

    private async Task<IReadOnlyList<PlacedEntry>> ReadAttachedAsync(ComposedImage image, CancellationToken cancellationToken)
    {
        var attested = image.Entries.Select(e => e.Entry.AttestationOf).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var found = new List<PlacedEntry>();
        foreach (var (entry, repository) in image.Entries.Where(e => e.Entry.AttestationOf is null && !attested.Contains(e.Entry.Digest)))
        {
            var attached = await client.ListReferrersAsync(repository, entry.Digest, AttestationType, cancellationToken).ConfigureAwait(false);
            found.AddRange(attached.Take(1).Select(a => new PlacedEntry(IndexEntry.From(a).AsAttestationOf(entry.Digest), repository)));
        }

        return found;
    }

    private static byte[] Metadata(ComposedImage image, IReadOnlyList<ImageReference> tags) => GoJson.Write(
        writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("containerimage.descriptor");
            image.Root.WriteTo(writer);
            writer.WriteString("image.name", string.Join(',', tags.Select(t => t.Name).Distinct().Order(StringComparer.Ordinal)));
            writer.WriteEndObject();
        },
        isIndented: true);
}
