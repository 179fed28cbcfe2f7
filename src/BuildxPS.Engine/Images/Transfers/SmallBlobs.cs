namespace BuildxPS.Engine.Images.Transfers;

/// <summary>Reads blobs that are held in memory whole: configs and attestations.</summary>
internal static class SmallBlobs
{
    /// <summary>Reads a blob.</summary>
    /// <param name="source">Where its image is.</param>
    /// <param name="blob">The blob.</param>
    /// <param name="what">What it is: <c>config</c>.</param>
    /// <param name="limit">Most bytes.</param>
    /// <param name="advice">What helps where it has more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes, checked.</returns>
    /// <exception cref="BuildxException">The failures of the source, and <see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static Task<byte[]> ReadAsync(IImageSource source, Descriptor blob, string what, int limit, string advice, CancellationToken cancellationToken)
        => blob.Size <= limit
            ? source.ReadBlobAsync(blob, what, limit, cancellationToken)
            : throw new BuildxException(
                BuildxFailure.ImageInvalid,
                $"The {what} of '{source.Reference}' is {ByteSize.Format(blob.Size)}, more than the {ByteSize.Format(limit)} that are read.",
                advice);
}
