using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images;

/// <summary>Reads images' documents from registries as objects.</summary>
/// <param name="client">What speaks to the registries; it is not disposed here.</param>
public sealed class ImageInspector(RegistryClient client)
{
    /// <summary>Reads what a reference points at; for one image its config too.</summary>
    /// <param name="reference">The image; a digest wins over a tag.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>An <see cref="ImageIndex"/> or an <see cref="ImageManifest"/>, with the bytes as the registry sent them.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.ImageNotFound"/>, <see cref="BuildxFailure.ImageInvalid"/>, <see cref="BuildxFailure.MediaTypeUnsupported"/>,
    /// <see cref="BuildxFailure.DigestMismatch"/>, <see cref="BuildxFailure.RegistryUnauthorized"/> and the other failures of registries.
    /// </exception>
    public async Task<ImageDocument> InspectAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var found = await client.GetManifestAsync(reference, cancellationToken).ConfigureAwait(false);
        var document = ManifestReader.Read(reference, found.Bytes, found.MediaType, found.Digest);
        return document is ImageManifest manifest && MediaTypes.IsConfig(manifest.ConfigDescriptor.MediaType)
            ? manifest with { Config = await ReadConfigAsync(manifest, cancellationToken).ConfigureAwait(false) }
            : document;
    }

    private async Task<ImageConfig> ReadConfigAsync(ImageManifest manifest, CancellationToken cancellationToken)
        => ImageConfigReader.Read(
            manifest.Reference,
            await client.GetSmallBlobAsync(manifest.Reference, manifest.ConfigDescriptor, cancellationToken).ConfigureAwait(false));
}
