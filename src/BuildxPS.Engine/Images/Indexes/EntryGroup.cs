using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>Entries of an index whose images are all in one other repository: they are copied together, so that no blob travels twice.</summary>
/// <param name="client">What speaks to the registries.</param>
/// <param name="repository">The repository that has them.</param>
/// <param name="root">What lists them: the index, or a part of it that never leaves this machine.</param>
internal sealed class EntryGroup(RegistryClient client, ImageReference repository, ImageDocument root) : IImageSource
{
    private readonly RegistryImage _images = new(client, repository);

    /// <inheritdoc/>
    public ImageReference Reference => repository;

    /// <inheritdoc/>
    public ImageReference? Repository => repository;

    /// <summary>Finds out what is missing in a repository, and makes the copy of that.</summary>
    /// <param name="target">The repository.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The copy. It names nothing.</returns>
    public async Task<ImageCopy> PlanAsync(ImageReference target, CancellationToken cancellationToken)
    {
        var options = new CopyOptions();
        using var reader = new ImageTreeReader(this);
        var tree = await reader.ReadAsync([], withReferrers: true, cancellationToken).ConfigureAwait(false);
        var destination = new PartsDestination(new RegistryImage(client, target));
        var missing = new Missing(destination, options.Parallelism);
        await missing.FindAsync([.. tree.Root.Document is ImageIndex ? tree.Root.Children : [tree.Root], .. tree.Referrers], cancellationToken).ConfigureAwait(false);
        var from = new CopySource(client, this, new ImageLocation { Reference = repository }, tree, root, options);
        return new ImageCopy(from, this, destination, missing, tree, options)
        {
            Destination = new ImageLocation { Reference = target },
            Result = root,
            MountFrom = repository.Registry == target.Registry ? repository : null,
        };
    }

    /// <inheritdoc/>
    public Task<ImageDocument> ReadRootAsync(CancellationToken cancellationToken) => Task.FromResult(root);

    /// <inheritdoc/>
    public Task<ImageDocument> ReadAsync(Descriptor entry, CancellationToken cancellationToken) => _images.ReadAsync(entry, cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> OpenBlobAsync(Descriptor blob, long offset, CancellationToken cancellationToken) => _images.OpenBlobAsync(blob, offset, cancellationToken);

    /// <inheritdoc/>
    public Task<byte[]> ReadBlobAsync(Descriptor blob, string what, int limit, CancellationToken cancellationToken) => _images.ReadBlobAsync(blob, what, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Descriptor>> ListReferrersAsync(string digest, CancellationToken cancellationToken) => _images.ListReferrersAsync(digest, cancellationToken);

    /// <summary>Takes all but the name, which the whole index gets when its last part is there.</summary>
    private sealed class PartsDestination(RegistryImage target) : IImageDestination
    {
        public ImageReference Reference => target.Reference;

        public bool KeepsBlobs => target.KeepsBlobs;

        public IDisposable? Begin() => target.Begin();

        public Task<bool> HasAsync(ImageDocument document, CancellationToken cancellationToken) => target.HasAsync(document, cancellationToken);

        public Task<bool> HasBlobAsync(Descriptor blob, CancellationToken cancellationToken) => target.HasBlobAsync(blob, cancellationToken);

        public Task<BlobArrival> PutBlobAsync(Descriptor blob, BlobSource source, CancellationToken cancellationToken) => target.PutBlobAsync(blob, source, cancellationToken);

        public Task PutAsync(ImageDocument document, CancellationToken cancellationToken) => target.PutAsync(document, cancellationToken);

        public Task NameAsync(ImageTree tree, CancellationToken cancellationToken) => target.AttachAsync(tree, cancellationToken);
    }
}
