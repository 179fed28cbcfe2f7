using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;

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

    /// <summary>Reads the attestations of an image.</summary>
    /// <param name="reference">The image; a digest wins over a tag.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The attestations in the order of the index, and why there are none.</returns>
    /// <exception cref="BuildxException">As <see cref="ImageInspector.InspectAsync"/> has them.</exception>
    public async Task<(IReadOnlyList<ImageAttestation> Attestations, string? Problem)> InspectAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var found = await client.GetManifestAsync(reference, cancellationToken).ConfigureAwait(false);
        if (ManifestReader.Read(reference, found.Bytes, found.MediaType, found.Digest) is not ImageIndex index)
        {
            return ([], $"'{reference.FamiliarName}' is one image and no index, and attestations are listed in an index. Name the image as it was pushed, not one platform's digest.");
        }

        var attestations = new List<ImageAttestation>();
        foreach (var entry in index.Manifests.Where(m => m.IsAttestation))
        {
            await ReadAsync(index, entry, attestations, cancellationToken).ConfigureAwait(false);
        }

        return (attestations, attestations.Count == 0 ? $"'{reference.FamiliarName}' has no attestations in its index." : null);
    }

    private async Task ReadAsync(ImageIndex index, Descriptor entry, List<ImageAttestation> attestations, CancellationToken cancellationToken)
    {
        var reference = index.Reference with { Tag = null, Digest = entry.Digest };
        var found = await client.GetManifestAsync(reference, cancellationToken).ConfigureAwait(false);
        if (found.Bytes.Length != entry.Size)
        {
            throw Invalid(index, $"the attestation manifest {entry.Digest} has {found.Bytes.Length} bytes, and the index says {entry.Size}");
        }

        if (ManifestReader.Read(reference, found.Bytes, found.MediaType, found.Digest) is not ImageManifest manifest)
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

            var bytes = await client.GetAttestationAsync(reference, layer, cancellationToken).ConfigureAwait(false);
            attestations.Add(AttestationReader.Read(index.Reference, image, platform, entry.Digest, layer, layer.Annotations.GetValueOrDefault(PredicateType), bytes));
        }
    }

    private static BuildxException Invalid(ImageIndex index, string problem) => new(
        BuildxFailure.ImageInvalid,
        $"'{index.Reference}' is not valid: {problem}.",
        "Build and push the image again; if that does not help, ask who runs the registry.");
}
