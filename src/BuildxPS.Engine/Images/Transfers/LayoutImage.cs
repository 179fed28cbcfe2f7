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
    public Task<IReadOnlyList<Descriptor>> ListReferrersAsync(string digest, CancellationToken cancellationToken)
        => images.ListReferrersAsync(digest, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => images.Dispose();

    private ContentDigest Parse(string digest)
        => ContentDigest.TryParse(digest, out var parsed) ? parsed : throw LayoutFailures.NoBlob(images.Path, digest);
}
