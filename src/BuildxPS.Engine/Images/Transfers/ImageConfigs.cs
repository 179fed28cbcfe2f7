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
        var descriptor = manifest.ConfigDescriptor;
        var bytes = descriptor.Size <= MaxBytes
            ? new byte[descriptor.Size]
            : throw new BuildxException(
                BuildxFailure.ImageInvalid,
                $"The config of '{manifest.Reference}' is {ByteSize.Format(descriptor.Size)}, more than the {ByteSize.Format(MaxBytes)} that are read.",
                "Ask who built the image: a config holds settings and labels, not data.");
        var stream = await source.OpenBlobAsync(descriptor, 0, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);

            // Only the end of it says that these are the right ones.
            _ = await stream.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false);
        }

        return ImageConfigReader.Read(manifest.Reference, bytes);
    }
}
