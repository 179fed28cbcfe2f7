using System.Net;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// A blob's bytes on their way to a registry. They are asked for only when the connection takes them, and no moment of
/// the way is without a bound. The last of them go when their source has confirmed the whole.
/// </summary>
internal sealed class UploadContent : HttpContent
{
    // Below the size from which arrays are collected with all memory only.
    private const int PieceLength = 64 * 1024;

    private readonly UploadSource _source;
    private readonly long _offset;
    private readonly long _length;
    private readonly bool _isLast;
    private readonly RegistryLimits _limits;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _begun;
    private volatile bool _isSent;

    /// <summary>Creates the body of one request.</summary>
    /// <param name="source">The blob.</param>
    /// <param name="offset">Where in the blob it begins.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="limits">Bounds of waits.</param>
    public UploadContent(UploadSource source, long offset, long length, RegistryLimits limits)
    {
        (_source, _offset, _length, _limits) = (source, offset, length, limits);
        _isLast = offset + length == source.Length;
        Headers.TryAddWithoutValidation("Content-Type", "application/octet-stream");
        Headers.ContentLength = length;
    }

    /// <summary>What went wrong with the source, so that it is not taken for the registry's failure.</summary>
    public Exception? SourceFailure { get; private set; }

    /// <summary>Told how long the request may take from now on.</summary>
    public Action<TimeSpan>? Bound { get; set; }

    /// <summary>Whether some of it may be with the registry, and some is not.</summary>
    public bool IsUnderWay => Volatile.Read(ref _begun) > 0 && !_isSent && SourceFailure is null;

    /// <summary>Whether it is worth a round trip to ask first whether the registry takes it.</summary>
    public bool IsLarge => _length > 1024 * 1024;

    /// <summary>
    /// Stops and waits until the source is let alone. A connection can fail while it is read from, and whoever tries again
    /// reads from the same source.
    /// </summary>
    /// <returns>A task.</returns>
    public async Task StopAsync()
    {
        if (!_isSent)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
        }

        if (Volatile.Read(ref _begun) > 0)
        {
            await _ended.Task.ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _begun);
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
            either.Token.ThrowIfCancellationRequested();
            await WriteAsync(stream, either.Token).ConfigureAwait(false);
        }
        finally
        {
            _ = _ended.TrySetResult();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stopping.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task WriteAsync(Stream stream, CancellationToken cancellationToken)
    {
        var (next, held) = (new byte[PieceLength], new byte[PieceLength]);
        var writing = Task.CompletedTask;
        for (var left = _length; left > 0;)
        {
            var count = await ReadAsync(next.AsMemory(0, (int)Math.Min(PieceLength, left)), _length - left, cancellationToken).ConfigureAwait(false);
            Bound?.Invoke(_limits.Idle);
            await writing.ConfigureAwait(false);
            left -= count;
            if (left == 0 && _isLast)
            {
                await ReadEndAsync(cancellationToken).ConfigureAwait(false);
            }

            Bound?.Invoke(_limits.Idle);
            writing = stream.WriteAsync(next.AsMemory(0, count), cancellationToken).AsTask();
            (next, held) = (held, next);
            _source.Report(_offset + _length - left);
        }

        Bound?.Invoke(_limits.Idle);
        await writing.ConfigureAwait(false);

        _isSent = true;

        // What comes now is the registry's own work: it hashes the blob, and may move it to where it stays.
        Bound?.Invoke(_limits.Commit);
    }

    private async ValueTask<int> ReadAsync(Memory<byte> buffer, long done, CancellationToken cancellationToken)
    {
        // The source has its own bounds; while it is waited for, the registry owes nothing.
        Bound?.Invoke(Timeout.InfiniteTimeSpan);
        try
        {
            return await _source.ReadAsync(_offset + done, buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            SourceFailure = error;
            throw;
        }
    }

    private async ValueTask ReadEndAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _source.ReadEndAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            SourceFailure = error;
            throw;
        }
    }
}
