using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>Reads configs of images, wherever those are.</summary>
internal static class ImageConfigs
{
    private const int MaxBytes = 8 * 1024 * 1024;

    /// <summary>Reads an image's config.</summary>
    /// <param name="source">Where the image is.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The config.</returns>
    /// <exception cref="BuildxException">The failures of the source, and <see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static async Task<ImageConfig> ReadAsync(IImageSource source, ImageManifest manifest, CancellationToken cancellationToken)
    {
        var bytes = await SmallBlobs.ReadAsync(
            source, manifest.ConfigDescriptor, "config", MaxBytes, "Ask who built the image: a config holds settings and labels, not data.", cancellationToken).ConfigureAwait(false);
        return ImageConfigReader.Read(manifest.Reference, bytes);
    }

    /// <summary>Gives a manifest its config, where it has one of an image.</summary>
    /// <param name="source">Where the image is.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The manifest.</returns>
    /// <exception cref="BuildxException">As <see cref="ReadAsync"/>.</exception>
    public static async Task<ImageManifest> AddAsync(IImageSource source, ImageManifest manifest, CancellationToken cancellationToken)
        => MediaTypes.IsConfig(manifest.ConfigDescriptor.MediaType)
            ? manifest with { Config = await ReadAsync(source, manifest, cancellationToken).ConfigureAwait(false) }
            : manifest;
}
