using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>A stream from outside of this module, whose failures become this module's own.</summary>
/// <param name="inner">The stream; it is disposed with this one.</param>
/// <param name="name">What it is, for messages.</param>
internal sealed class ArchiveStream(Stream inner, string name) : SequentialStream
{
    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <summary>Whether a stream or a file failed in a way that is the fault of its owner.</summary>
    /// <param name="error">The failure.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsReadFailure(Exception error)
        => error is IOException or UnauthorizedAccessException or InvalidOperationException or NotSupportedException or InvalidDataException;

    /// <summary>The failure to report.</summary>
    /// <param name="name">What could not be read.</param>
    /// <param name="error">Why.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Unreadable(string name, Exception error) => new(
        error is FileNotFoundException or DirectoryNotFoundException ? BuildxFailure.BuildContextNotFound : BuildxFailure.BuildContextUnreadable,
        $"{name} cannot be read: {error.Message}",
        "Give a file that this user may read, or a stream that is open, stands at its beginning, and was not read before.",
        error);

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsReadFailure(e))
        {
            throw Unreadable(name, e);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
