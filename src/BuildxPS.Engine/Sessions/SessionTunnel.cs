using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using BuildxPS.Engine.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace BuildxPS.Engine.Sessions;

/// <summary>The one connection of a session: a duplex stream in the server's terms.</summary>
internal sealed class SessionTunnel : ConnectionContext
{
    private const int BufferSize = 64 * 1024;
    private readonly Stream _stream;
    private readonly TaskCompletionSource<Exception?> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _heard = Stopwatch.GetTimestamp();
    private Exception? _cause;
    private bool _isClosedHere;
    private int _disposed;

    public SessionTunnel(Stream stream)
    {
        _stream = stream = new WatchedTunnel(stream, this);
        var pool = new WipedMemoryPool();
        Transport = new DuplexPipe(
            PipeReader.Create(stream, new StreamPipeReaderOptions(pool, bufferSize: BufferSize, leaveOpen: true)),
            PipeWriter.Create(stream, new StreamPipeWriterOptions(pool, minimumBufferSize: BufferSize, leaveOpen: true)));
        Features.Set<IMemoryPoolFeature>(new Buffers(pool));
    }

    /// <summary>Ends when the other side has sent something, or will not any more.</summary>
    public Task Opened => _opened.Task;

    /// <summary>How long ago something came through it.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref _heard));

    /// <summary>Ends when the tunnel is closed, by whichever side. Its result is how it came to its end; null if this side closed it.</summary>
    public Task<Exception?> Closed => _closed.Task;

    /// <inheritdoc/>
    public override IDuplexPipe Transport { get; set; }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; } = "session";

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; } = new FeatureCollection();

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        Note(abortReason.InnerException ?? abortReason);
        _ = DisposeAsync().AsTask();
    }

    /// <summary>Closes the tunnel because the session is over.</summary>
    /// <returns>A task.</returns>
    public ValueTask CloseAsync()
    {
        _isClosedHere = true;
        return DisposeAsync();
    }

    // The server disposes its connection when it is done with it. The stream has to go with it: a buildkitd that drops
    // a session goes on draining the call that carries it until this side closes.
    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (!_isClosedHere)
        {
            // The server is done with a tunnel that nobody closed when it does not understand what comes.
            Note(new InvalidDataException("what came through it was not HTTP/2"));
        }

        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await DisposeStreamAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task DisposeStreamAsync()
    {
        try
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The other side was quicker.
        }
        finally
        {
            _opened.TrySetResult();
            _closed.TrySetResult(Volatile.Read(ref _cause));
        }
    }

    /// <summary>Remembers what the tunnel ended of: the first thing that happened to it before it was closed here.</summary>
    /// <returns>Always false, for use as an exception filter that catches nothing.</returns>
    private bool Note(Exception cause)
    {
        if (Volatile.Read(ref _disposed) == 0 && cause is not OperationCanceledException)
        {
            Interlocked.CompareExchange(ref _cause, cause, null);
        }

        return false;
    }

    private sealed class WatchedTunnel(Stream inner, SessionTunnel tunnel) : WrappedStream(inner)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                var count = await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count > 0)
                {
                    Volatile.Write(ref tunnel._heard, Stopwatch.GetTimestamp());
                    tunnel._opened.TrySetResult();
                }
                else if (!buffer.IsEmpty)
                {
                    tunnel.Note(new EndOfStreamException("the engine closed it"));
                }

                return count;
            }
            catch (Exception e) when (tunnel.Note(e))
            {
                throw;
            }
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                await Inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (tunnel.Note(e))
            {
                throw;
            }
        }
    }

    private sealed class Buffers(MemoryPool<byte> pool) : IMemoryPoolFeature
    {
        public MemoryPool<byte> MemoryPool => pool;
    }

    private sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}

/// <summary>Hands the server its one connection, and no other.</summary>
internal sealed class SessionTunnelListener : IConnectionListenerFactory, IConnectionListener
{
    private readonly Channel<ConnectionContext> _connections = Channel.CreateBounded<ConnectionContext>(1);

    public SessionTunnelListener(SessionTunnel tunnel) => _connections.Writer.TryWrite(tunnel);

    /// <inheritdoc/>
    public EndPoint EndPoint { get; } = new SessionEndPoint();

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        => ValueTask.FromResult<IConnectionListener>(this);

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _connections.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_connections.Reader.TryRead(out var connection))
            {
                return connection;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _connections.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _connections.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    private sealed class SessionEndPoint : EndPoint
    {
        public override string ToString() => "session";
    }
}
