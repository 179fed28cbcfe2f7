using System.Collections.Concurrent;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>An image in a registry, to copy from or to.</summary>
/// <param name="client">What speaks to the registry.</param>
/// <param name="reference">The image.</param>
internal sealed class RegistryImage(RegistryClient client, ImageReference reference) : IImageSource, IImageDestination
{
    private readonly ConcurrentDictionary<string, bool> _attached = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ImageReference Reference => reference;

    /// <inheritdoc/>
    public ImageReference? Repository => reference;

    /// <inheritdoc/>
    public bool KeepsBlobs => true;

    /// <inheritdoc/>
    public IDisposable? Begin() => null;

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
    public async Task PutAsync(ImageDocument document, CancellationToken cancellationToken)
    {
        if (document.Subject is null)
        {
            _ = await client.PutManifestAsync(reference with { Tag = null, Digest = document.Digest }, document.MediaType, document.RawBytes, cancellationToken).ConfigureAwait(false);
            return;
        }

        _ = await client.PutReferrerAsync(reference, document, cancellationToken).ConfigureAwait(false);
        _attached[document.Digest] = true;
    }

    /// <inheritdoc/>
    public async Task NameAsync(ImageTree tree, CancellationToken cancellationToken)
    {
        var root = tree.Root.Document;
        await AttachAsync(tree, cancellationToken).ConfigureAwait(false);
        if (reference.Tag is null || root.Subject is not null)
        {
            await PutAsync(root, cancellationToken).ConfigureAwait(false);
        }

        if (reference.Tag is not null)
        {
            await client.PutManifestAsync(reference with { Digest = root.Digest }, root.MediaType, root.RawBytes, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sees to it that what is attached is on the lists. What was there before this copy may have come by one that was killed before it could list it.</summary>
    /// <param name="tree">The image; all of it is there, only what its name points at may not be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task AttachAsync(ImageTree tree, CancellationToken cancellationToken)
    {
        var attached = tree.Attached.Where(a => a.Digest != tree.Root.Document.Digest && !_attached.ContainsKey(a.Digest));
        foreach (var subject in attached.GroupBy(a => a.Subject!.Digest, StringComparer.Ordinal))
        {
            var listed = await client.ListReferrersAsync(reference, subject.Key, null, cancellationToken).ConfigureAwait(false);
            foreach (var document in subject.Where(a => listed.All(l => l.Digest != a.Digest)))
            {
                await PutAsync(document, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<ImageDocument> ReadAsync(ImageReference asked, CancellationToken cancellationToken)
    {
        var found = await client.GetManifestAsync(asked, cancellationToken).ConfigureAwait(false);
        return ManifestReader.Read(asked, found.Bytes, found.MediaType, found.Digest);
    }
}
