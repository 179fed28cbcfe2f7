using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Layouts;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>An image in an OCI layout, to copy from.</summary>
/// <param name="images">The layout's images.</param>
/// <param name="reference">The image.</param>
internal sealed class LayoutImage(LayoutImages images, ImageReference reference) : IImageSource, IDisposable
{
    /// <inheritdoc/>
    public ImageReference Reference => reference;

    /// <inheritdoc/>
    public ImageReference? Repository => null;

    /// <inheritdoc/>
    public Task<ImageDocument> ReadRootAsync(CancellationToken cancellationToken)
        => images.ReadAsync(reference, reference.Digest is { } digest ? Parse(digest) : images.Find(reference.Tag), cancellationToken);

    /// <inheritdoc/>
    public Task<ImageDocument> ReadAsync(Descriptor entry, CancellationToken cancellationToken)
        => images.ReadAsync(reference with { Tag = null, Digest = entry.Digest }, Parse(entry.Digest), cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> OpenBlobAsync(Descriptor blob, long offset, CancellationToken cancellationToken) => Task.FromResult(images.Open(blob, offset));

    /// <inheritdoc/>
    public async Task<byte[]> ReadBlobAsync(Descriptor blob, string what, int limit, CancellationToken cancellationToken)
    {
        var bytes = new byte[blob.Size];
        var stream = images.Open(blob, 0);
        await using (stream.ConfigureAwait(false))
        {
            await stream.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);

            // Only the end of it says that these are the right ones.
            _ = await stream.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false);
        }

        return bytes;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Descriptor>> ListReferrersAsync(string digest, CancellationToken cancellationToken)
        => images.ListReferrersAsync(digest, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => images.Dispose();

    private ContentDigest Parse(string digest)
        => ContentDigest.TryParse(digest, out var parsed) ? parsed : throw LayoutFailures.NoBlob(images.Path, digest);
}
