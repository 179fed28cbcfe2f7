using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>An image in a registry, to copy from or to.</summary>
/// <param name="client">What speaks to the registry.</param>
/// <param name="reference">The image.</param>
internal sealed class RegistryImage(RegistryClient client, ImageReference reference) : IImageSource, IImageDestination
{
    /// <inheritdoc/>
    public ImageReference Reference => reference;

    /// <inheritdoc/>
    public ImageReference? Repository => reference;

    /// <inheritdoc/>
    public Task<ImageDocument> ReadRootAsync(CancellationToken cancellationToken) => ReadAsync(reference, cancellationToken);

    /// <inheritdoc/>
    public Task<ImageDocument> ReadAsync(Descriptor entry, CancellationToken cancellationToken)
        => ReadAsync(reference with { Tag = null, Digest = entry.Digest }, cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> OpenBlobAsync(Descriptor blob, long offset, CancellationToken cancellationToken)
        => offset == 0 ? client.OpenBlobAsync(reference, blob, cancellationToken) : client.OpenBlobAsync(reference, blob, offset, cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]> ReadBlobAsync(Descriptor blob, string what, int limit, CancellationToken cancellationToken)
        => client.GetBlobAsync(reference, blob, what, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Descriptor>> ListReferrersAsync(string digest, CancellationToken cancellationToken)
        => client.ListReferrersAsync(reference, digest, null, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> HasAsync(ImageDocument document, CancellationToken cancellationToken) => client.HasManifestAsync(reference, document.Digest, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> HasBlobAsync(Descriptor blob, CancellationToken cancellationToken) => client.HasBlobAsync(reference, blob, cancellationToken);

    /// <inheritdoc/>
    public Task<BlobArrival> PutBlobAsync(Descriptor blob, BlobSource source, CancellationToken cancellationToken)
        => client.PutBlobAsync(reference, blob, source, cancellationToken);

    /// <inheritdoc/>
    public Task PutAsync(ImageDocument document, CancellationToken cancellationToken)
        => document.Subject is null
            ? client.PutManifestAsync(reference with { Tag = null, Digest = document.Digest }, document.MediaType, document.RawBytes, cancellationToken)
            : client.PutReferrerAsync(reference, document, cancellationToken);

    /// <inheritdoc/>
    public async Task NameAsync(ImageDocument root, CancellationToken cancellationToken)
    {
        if (reference.Tag is null || root.Subject is not null)
        {
            await PutAsync(root, cancellationToken).ConfigureAwait(false);
        }

        if (reference.Tag is not null)
        {
            await client.PutManifestAsync(reference with { Digest = root.Digest }, root.MediaType, root.RawBytes, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ImageDocument> ReadAsync(ImageReference asked, CancellationToken cancellationToken)
    {
        var found = await client.GetManifestAsync(asked, cancellationToken).ConfigureAwait(false);
        return ManifestReader.Read(asked, found.Bytes, found.MediaType, found.Digest);
    }
}
