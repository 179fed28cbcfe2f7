using BuildxPS.Engine.Streams;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>A call of Control.Session as a stream of bytes. One reader and one writer at a time.</summary>
internal sealed class TunnelStream(AsyncDuplexStreamingCall<TunnelChunk, TunnelChunk> call) : SequentialStream
{
    // Engines take 16 MiB a message; less keeps buffers small.
    private const int MaxChunk = 1024 * 1024;
    private TunnelChunk? _chunk;
    private ReadOnlyMemory<byte> _unread;
    private bool _ended;
    private int _disposed;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_unread.IsEmpty)
        {
            if (_ended || !await ReadChunkAsync(cancellationToken).ConfigureAwait(false))
            {
                _ended = true;
                return 0;
            }
        }

        var count = Math.Min(buffer.Length, _unread.Length);
        _unread[..count].CopyTo(buffer);
        _unread = _unread[count..];
        return count;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            for (var rest = buffer; !rest.IsEmpty;)
            {
                var count = Math.Min(rest.Length, MaxChunk);
                await call.RequestStream.WriteAsync(TunnelChunk.ForWriting(rest[..count]), cancellationToken).ConfigureAwait(false);
                rest = rest[count..];
            }
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException("The session's tunnel was closed.", e);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The chunk's buffer is left to the collector: a read may still be copying from it.
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            call.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<bool> ReadChunkAsync(CancellationToken cancellationToken)
    {
        _chunk?.Dispose();
        _chunk = null;
        try
        {
            if (!await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException("The session's tunnel was closed.", e);
        }

        _chunk = call.ResponseStream.Current;
        _unread = _chunk.Data;
        return true;
    }
}
