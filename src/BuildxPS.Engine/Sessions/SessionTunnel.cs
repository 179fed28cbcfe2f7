using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace BuildxPS.Engine.Sessions;

/// <summary>The one connection of a session: a duplex stream in the server's terms.</summary>
internal sealed class SessionTunnel : ConnectionContext
{
    private const int BufferSize = 64 * 1024;
    private readonly Stream _stream;
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    public SessionTunnel(Stream stream)
    {
        _stream = stream;
        var pool = new WipedMemoryPool();
        Transport = new DuplexPipe(
            PipeReader.Create(stream, new StreamPipeReaderOptions(pool, bufferSize: BufferSize, leaveOpen: true)),
            PipeWriter.Create(stream, new StreamPipeWriterOptions(pool, minimumBufferSize: BufferSize, leaveOpen: true)));
        Features.Set<IMemoryPoolFeature>(new Buffers(pool));
    }

    /// <summary>Ends when the tunnel is closed, by whichever side.</summary>
    public Task Closed => _closed.Task;

    /// <inheritdoc/>
    public override IDuplexPipe Transport { get; set; }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; } = "session";

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; } = new FeatureCollection();

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => _ = DisposeAsync().AsTask();

    // The server disposes its connection when it is done with it. The stream has to go with it: a buildkitd that drops
    // a session goes on draining the call that carries it until this side closes.
    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await CloseAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task CloseAsync()
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
            _closed.TrySetResult();
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
