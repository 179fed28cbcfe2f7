using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>Copies images between registries and OCI layouts. Everything is read and checked before anything is changed.</summary>
/// <param name="client">What speaks to the registries; it is not disposed here.</param>
public sealed class ImageCopier(RegistryClient client)
{
    /// <summary>Reads an image, but for its blobs.</summary>
    /// <param name="location">The image.</param>
    /// <param name="options">What of it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The image, ready to be copied.</returns>
    /// <exception cref="BuildxException">
    /// The failures of registries and layouts; <see cref="BuildxFailure.PlatformNotAvailable"/>; <see cref="BuildxFailure.ImageInvalid"/>.
    /// </exception>
    public async Task<CopySource> OpenAsync(ImageLocation location, CopyOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(location);
        ArgumentNullException.ThrowIfNull(options);
        IImageSource source = location.LayoutPath is { } path
            ? new LayoutImage(await LayoutImages.OpenAsync(path, cancellationToken).ConfigureAwait(false), location.Reference)
            : new RegistryImage(client, location.Reference);
        try
        {
            using var reader = new ImageTreeReader(source);
            var tree = await reader.ReadAsync(options.Platforms, options.WithReferrers, cancellationToken).ConfigureAwait(false);
            var image = tree.Root.Document is ImageManifest manifest
                ? await ImageConfigs.AddAsync(source, manifest, cancellationToken).ConfigureAwait(false)
                : tree.Root.Document;
            return new CopySource(client, source, location, tree, image, options);
        }
        catch
        {
            (source as IDisposable)?.Dispose();
            throw;
        }
    }
}
