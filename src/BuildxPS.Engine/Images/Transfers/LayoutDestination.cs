using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Layouts;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>
/// A folder in OCI layout, to copy to. Blobs come to their place as they are whole, so that a copy that is cut off goes on;
/// the layout's index, which alone says what images it holds, changes last and in one step.
/// </summary>
internal sealed class LayoutDestination : IImageDestination, IDisposable
{
    private readonly string _folder;
    private readonly IFileSystem _files = IFileSystem.Current;
    private readonly LayoutStore _store;
    private readonly bool _isOnly;

    /// <summary>Takes a folder; nothing is written yet.</summary>
    /// <param name="folder">The folder; it and those above it are made if they are missing.</param>
    /// <param name="reference">The name that the image is to get.</param>
    /// <param name="isOnly">Whether what the folder held before is to go.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.LayoutInvalid"/>.</exception>
    public LayoutDestination(string folder, ImageReference reference, bool isOnly = false)
    {
        (_folder, Reference, _isOnly) = (folder, reference, isOnly);
        LayoutOutput.CheckWritable(folder);
        _store = new LayoutStore(folder);
    }

    /// <inheritdoc/>
    public ImageReference Reference { get; }

    /// <inheritdoc/>
    public bool KeepsBlobs => false;

    /// <inheritdoc/>
    public IDisposable? Begin() => null;

    /// <inheritdoc/>
    public Task<bool> HasAsync(ImageDocument document, CancellationToken cancellationToken) => Task.FromResult(Has(document.Digest, document.Size));

    /// <inheritdoc/>
    public Task<bool> HasBlobAsync(Descriptor blob, CancellationToken cancellationToken) => Task.FromResult(Has(blob.Digest, blob.Size));

    /// <inheritdoc/>
    public async Task<BlobArrival> PutBlobAsync(Descriptor blob, BlobSource source, CancellationToken cancellationToken)
    {
        await new PartialBlob(_folder, blob, Parse(blob.Digest), _files).WriteAsync(source, cancellationToken).ConfigureAwait(false);
        return BlobArrival.Sent;
    }

    /// <inheritdoc/>
    public async Task PutAsync(ImageDocument document, CancellationToken cancellationToken)
    {
        if (!Has(document.Digest, document.Size))
        {
            await PutBytesAsync(document.Digest, document.MediaType, document.RawBytes, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task NameAsync(ImageTree tree, CancellationToken cancellationToken)
    {
        var root = tree.Root.Document;
        await PutAsync(root, cancellationToken).ConfigureAwait(false);
        if (_isOnly)
        {
            File.Delete(LayoutIndex.PathOf(_folder));
        }

        foreach (var subject in tree.Attached.GroupBy(a => a.Subject!.Digest, StringComparer.Ordinal))
        {
            await ListAsync(subject.Key, [.. subject], cancellationToken).ConfigureAwait(false);
        }

        await PlaceAsync(root.MediaType, root.Digest, root.Size, Reference.Tag ?? "latest", tree.Digests.Select(Parse), _isOnly, cancellationToken).ConfigureAwait(false);
        PartialBlob.RemoveLeftovers(_folder);
    }

    /// <inheritdoc/>
    public void Dispose() => _store.Dispose();

    /// <summary>Puts what was attached to an image on the image's list, as in a registry without the referrers API.</summary>
    private async Task ListAsync(string subject, IReadOnlyList<ImageDocument> attached, CancellationToken cancellationToken)
    {
        var tag = subject.Replace(':', '-');
        ImageIndex? list = null;
        if (LayoutIndex.Read(_folder)?.Find(tag) is { } known)
        {
            using var images = await LayoutImages.OpenAsync(_folder, cancellationToken).ConfigureAwait(false);
            list = await images.ReadAsync(Reference with { Tag = tag }, known, cancellationToken).ConfigureAwait(false) as ImageIndex;
        }

        byte[]? bytes = null;
        foreach (var document in attached.Where(a => list is null || list.Manifests.All(m => m.Digest != a.Digest)))
        {
            bytes = ReferrerList.With(list, document);
            list = (ImageIndex)ManifestReader.Read(Reference, bytes, MediaTypes.OciIndex, Digests.Compute(bytes));
        }

        if (bytes is not null)
        {
            await PutBytesAsync(list!.Digest, list.MediaType, bytes, cancellationToken).ConfigureAwait(false);
            await PlaceAsync(list.MediaType, list.Digest, list.Size, tag, [Parse(list.Digest)], reset: false, cancellationToken).ConfigureAwait(false);
        }
    }

    private Task PlaceAsync(
        string mediaType, string digest, long size, string tag, IEnumerable<ContentDigest> promised, bool reset, CancellationToken cancellationToken)
        => new LayoutPlacement(null, [], promised, _files)
            .PlaceAsync(_folder, LayoutRoot.Create(mediaType, Parse(digest), size), [LayoutName.Tag(tag)], reset, cancellationToken);

    private async Task PutBytesAsync(string digest, string mediaType, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var blob = new Descriptor { MediaType = mediaType, Digest = digest, Size = bytes.Length };
        var array = bytes.ToArray();
        var source = new BlobSource { OpenAsync = (offset, _) => Task.FromResult<Stream>(new MemoryStream(array, (int)offset, array.Length - (int)offset)) };
        _ = await PutBlobAsync(blob, source, cancellationToken).ConfigureAwait(false);
    }

    private bool Has(string digest, long size) => _store.Find(Parse(digest))?.Size == size;

    private static ContentDigest Parse(string digest)
        => ContentDigest.TryParse(digest, out var parsed)
            ? parsed
            : throw new BuildxException(
                BuildxFailure.ImageInvalid,
                $"The digest {DisplayText.Line(digest, 150)} is of a kind that OCI layouts cannot hold.",
                "Build the image again with digests of sha256 or sha512.");
}
