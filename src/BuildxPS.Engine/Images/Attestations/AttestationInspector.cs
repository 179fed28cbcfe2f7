using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;

namespace BuildxPS.Engine.Images.Attestations;

/// <summary>Reads the attestations that lie beside images in their index.</summary>
/// <param name="client">What speaks to the registries; it is not disposed here.</param>
public sealed class AttestationInspector(RegistryClient client)
{
    private const string ReferenceDigest = "vnd.docker.reference.digest";
    private const string StatementType = "application/vnd.in-toto+json";
    private const string PredicateType = "in-toto.io/predicate-type";

    /// <summary>They are all held in memory at once.</summary>
    private const long MaxTotal = 256 << 20;

    /// <summary>Bytes of one: SBOMs of large images have tens of megabytes.</summary>
    private const int MaxSingle = 64 << 20;

    /// <summary>Reads the attestations of an image.</summary>
    /// <param name="reference">The image; a digest wins over a tag.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The attestations in the order of the index, and why there are none.</returns>
    /// <exception cref="BuildxException">As <see cref="ImageInspector"/> has them.</exception>
    public async Task<(IReadOnlyList<ImageAttestation> Attestations, string? Problem)> InspectAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var source = new RegistryImage(client, reference);
        return await ReadAsync(source, await source.ReadRootAsync(cancellationToken).ConfigureAwait(false), null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads the attestations of an image, or of some of an index's images.</summary>
    /// <param name="source">Where the image is.</param>
    /// <param name="document">What its name points at.</param>
    /// <param name="images">The digests of the images that count; null counts all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The attestations in the order of the index, and why there are none.</returns>
    /// <exception cref="BuildxException">As <see cref="ImageInspector"/> has them.</exception>
    internal static async Task<(IReadOnlyList<ImageAttestation> Attestations, string? Problem)> ReadAsync(
        IImageSource source, ImageDocument document, IReadOnlyCollection<string>? images, CancellationToken cancellationToken)
    {
        var name = document.Reference.FamiliarName;
        if (document is not ImageIndex index)
        {
            return ([], $"'{name}' is one image and no index, and attestations are listed in an index. Name the image as it was pushed, not one platform's digest.");
        }

        var attestations = new List<ImageAttestation>();
        foreach (var entry in index.Manifests.Where(m => m.IsAttestation && images?.Contains(m.Annotations.GetValueOrDefault(ReferenceDigest, "")) != false))
        {
            await ReadAsync(source, index, entry, attestations, cancellationToken).ConfigureAwait(false);
        }

        return (attestations, attestations.Count > 0 ? null : $"'{name}' has no attestations in its index{(images is null ? "" : " for the platforms that are asked for")}.");
    }

    private static async Task ReadAsync(IImageSource source, ImageIndex index, Descriptor entry, List<ImageAttestation> attestations, CancellationToken cancellationToken)
    {
        var found = await source.ReadAsync(entry, cancellationToken).ConfigureAwait(false);
        if (found.Size != entry.Size)
        {
            throw Invalid(index, $"the attestation manifest {entry.Digest} has {found.Size} bytes, and the index says {entry.Size}");
        }

        if (found is not ImageManifest manifest)
        {
            throw Invalid(index, $"the attestation {entry.Digest} is an index itself");
        }

        var image = entry.Annotations.GetValueOrDefault(ReferenceDigest, "");
        var platform = index.Manifests.FirstOrDefault(m => !m.IsAttestation && m.Digest == image)?.Platform;
        foreach (var layer in manifest.Layers.Where(l => l.MediaType == StatementType))
        {
            if (attestations.Sum(a => a.Size) + layer.Size > MaxTotal)
            {
                throw Invalid(index, $"its attestations are more than the {ByteSize.Format(MaxTotal)} that are read");
            }

            var bytes = await SmallBlobs.ReadAsync(
                source, layer, "attestation", MaxSingle, "Fetch it with a tool that writes blobs to files.", cancellationToken).ConfigureAwait(false);
            attestations.Add(AttestationReader.Read(index.Reference, image, platform, entry.Digest, layer, layer.Annotations.GetValueOrDefault(PredicateType), bytes));
        }
    }

    private static BuildxException Invalid(ImageIndex index, string problem) => new(
        BuildxFailure.ImageInvalid,
        $"'{index.Reference}' is not valid: {problem}.",
        "Build and push the image again; if that does not help, ask who runs the registry.");
}
