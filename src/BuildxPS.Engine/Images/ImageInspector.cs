using BuildxPS.Engine.Images.Attestations;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;

namespace BuildxPS.Engine.Images;

/// <summary>Reads images in registries and OCI layouts as objects.</summary>
/// <param name="client">What speaks to the registries; it is not disposed here.</param>
public sealed class ImageInspector(RegistryClient client)
{
    /// <summary>How much of one image is read at the same time.</summary>
    private const int Together = 4;

    /// <summary>Reads what a reference points at; for one image its config too.</summary>
    /// <param name="reference">The image; a digest wins over a tag.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>An <see cref="ImageIndex"/> or an <see cref="ImageManifest"/>, with the bytes as the registry sent them.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.ImageNotFound"/>, <see cref="BuildxFailure.ImageInvalid"/>, <see cref="BuildxFailure.MediaTypeUnsupported"/>,
    /// <see cref="BuildxFailure.DigestMismatch"/>, <see cref="BuildxFailure.RegistryUnauthorized"/> and the other failures of registries.
    /// </exception>
    public async Task<ImageDocument> InspectAsync(ImageReference reference, CancellationToken cancellationToken)
        => (ImageDocument)(await InspectAsync(new ImageLocation { Reference = reference }, new InspectionQuery(), cancellationToken).ConfigureAwait(false)).Found[0];

    /// <summary>Reads parts of an image.</summary>
    /// <param name="location">Where the image is.</param>
    /// <param name="query">What of it is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Objects of the wanted kind.</returns>
    /// <exception cref="BuildxException">
    /// As the other form, and <see cref="BuildxFailure.PlatformNotAvailable"/>, <see cref="BuildxFailure.LayoutNotFound"/>, <see cref="BuildxFailure.LayoutInvalid"/>.
    /// </exception>
    public async Task<Inspection> InspectAsync(ImageLocation location, InspectionQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        ArgumentNullException.ThrowIfNull(query);
        if (location.LayoutPath is not { } path)
        {
            return await InspectAsync(new RegistryImage(client, location.Reference), query, cancellationToken).ConfigureAwait(false);
        }

        using var source = new LayoutImage(await LayoutImages.OpenAsync(path, cancellationToken).ConfigureAwait(false), location.Reference);
        return await InspectAsync(source, query, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<Inspection> InspectAsync(IImageSource source, InspectionQuery query, CancellationToken cancellationToken)
    {
        var root = await source.ReadRootAsync(cancellationToken).ConfigureAwait(false);
        var document = root is ImageManifest manifest && (query.Part is InspectedPart.Document or InspectedPart.Config || query.Platforms.Count > 0)
            ? await ImageConfigs.AddAsync(source, manifest, cancellationToken).ConfigureAwait(false)
            : root;
        var chosen = query.Platforms.Count == 0 ? null : Choose(document, query.Platforms);
        switch (query.Part)
        {
            case InspectedPart.Document:
                return new Inspection(chosen is null ? [document] : await ReadAsync(source, document, chosen, cancellationToken).ConfigureAwait(false), null);
            case InspectedPart.Config:
                return await ReadConfigsAsync(source, document, chosen, cancellationToken).ConfigureAwait(false);
            case InspectedPart.Attestation:
                var images = chosen?.Select(c => c.Digest).ToHashSet(StringComparer.Ordinal);
                var (attestations, problem) = await AttestationInspector.ReadAsync(source, document, images, cancellationToken).ConfigureAwait(false);
                return new Inspection(attestations, problem);
            default:
                return await ReadReferrersAsync(source, document, chosen, query.ArtifactTypes, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The images for platforms, in the order in which those were named.</summary>
    private static IReadOnlyList<Descriptor> Choose(ImageDocument document, IReadOnlyList<Platform> platforms)
    {
        if (document is ImageManifest manifest)
        {
            return platforms.FirstOrDefault(p => manifest.Platform is not { } own || !IndexFilter.Fits(own, p)) is { } other
                ? throw IndexFilter.NotAvailable(document, other, manifest.Platform is { } there ? [there] : [])
                : [new Descriptor { MediaType = manifest.MediaType, Digest = manifest.Digest, Size = manifest.Size, Platform = manifest.Platform }];
        }

        var index = (ImageIndex)document;
        return [.. platforms.SelectMany(p => index.Manifests.Where(m => !m.IsAttestation && m.Platform is { } own && IndexFilter.Fits(own, p)).ToList() is { Count: > 0 } fitting
            ? fitting
            : throw IndexFilter.NotAvailable(index, p, index.Platforms)).DistinctBy(m => m.Digest)];
    }

    private static async Task<IReadOnlyList<ImageDocument>> ReadAsync(IImageSource source, ImageDocument document, IReadOnlyList<Descriptor> entries, CancellationToken cancellationToken)
    {
        if (document is ImageManifest)
        {
            return [document];
        }

        var found = new ImageDocument[entries.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, entries.Count),
            new ParallelOptions { MaxDegreeOfParallelism = Together, CancellationToken = cancellationToken },
            async (i, token) =>
            {
                var read = await source.ReadAsync(entries[i], token).ConfigureAwait(false);
                found[i] = read.Size != entries[i].Size
                    ? throw new BuildxException(
                        BuildxFailure.ImageInvalid,
                        $"'{document.Reference}' is not valid: the manifest {entries[i].Digest} has {read.Size} bytes, and the index says {entries[i].Size}.",
                        "Push the image again with a current tool; if that does not help, ask who runs the registry.")
                    : read is ImageManifest image ? await ImageConfigs.AddAsync(source, image, token).ConfigureAwait(false) : read;
            }).ConfigureAwait(false);
        return found;
    }

    private static async Task<Inspection> ReadConfigsAsync(IImageSource source, ImageDocument document, IReadOnlyList<Descriptor>? chosen, CancellationToken cancellationToken)
    {
        var entries = chosen ?? [.. ((document as ImageIndex)?.Manifests ?? []).Where(m => !m.IsAttestation && MediaTypes.IsManifest(m.MediaType)).DistinctBy(m => m.Digest)];
        var documents = await ReadAsync(source, document, entries, cancellationToken).ConfigureAwait(false);
        var configs = documents.OfType<ImageManifest>().Select(m => m.Config).OfType<ImageConfig>().ToList();
        return new Inspection(configs, configs.Count > 0 ? null : $"'{document.Reference.FamiliarName}' has no config of an image{(document.ArtifactType is { } type ? $": it is an artifact of the type {DisplayText.Line(type, 80)}" : "")}.");
    }

    private static async Task<Inspection> ReadReferrersAsync(
        IImageSource source, ImageDocument document, IReadOnlyList<Descriptor>? chosen, IReadOnlyList<string> artifactTypes, CancellationToken cancellationToken)
    {
        var found = new List<ImageReferrer>();
        foreach (var subject in chosen?.Select(c => c.Digest) ?? [document.Digest])
        {
            var attached = await source.ListReferrersAsync(subject, cancellationToken).ConfigureAwait(false);
            found.AddRange(attached.Where(a => artifactTypes.Count == 0 || artifactTypes.Contains(a.ArtifactType, StringComparer.OrdinalIgnoreCase)).Select(a => new ImageReferrer
            {
                Reference = document.Reference with { Tag = null, Digest = a.Digest },
                SubjectDigest = subject,
                Descriptor = a,
            }));
        }

        return new Inspection(found, null);
    }
}
