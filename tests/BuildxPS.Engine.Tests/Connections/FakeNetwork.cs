using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Tests.Connections;

/// <summary>What becomes of bytes on the way.</summary>
public enum Fault
{
    None,

    /// <summary>They stop, and nobody is told.</summary>
    Stall,

    /// <summary>Others arrive.</summary>
    Garbage,

    /// <summary>The connection ends, and it looks as if that was meant.</summary>
    End,

    /// <summary>The connection breaks.</summary>
    Break,
}

/// <summary>
/// A fake of a bad network before an engine, on connections or on session tunnels. Faults take effect at once, on what is
/// open too; without one it only counts.
/// </summary>
internal sealed class FakeNetwork : IConnector, ISessionTransport
{
    private readonly IConnector? _connector;
    private readonly ISessionTransport? _sessions;
    private int _open;
    private long _sent;
    private long _received;

    public FakeNetwork(IConnector connector) => _connector = connector;

    public FakeNetwork(ISessionTransport sessions) => _sessions = sessions;

    public string Address => _connector!.Address;

    /// <summary>What the engine sends.</summary>
    public Fault FromEngine { get; set; }

    /// <summary>What is sent to the engine.</summary>
    public Fault ToEngine { get; set; }

    /// <summary>How fast bytes reach the engine; null for no limit.</summary>
    public int? BytesPerSecond { get; set; }

    /// <summary>How many connections are open.</summary>
    public int Open => _open;

    public long Sent => Interlocked.Read(ref _sent);

    public long Received => Interlocked.Read(ref _received);

    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken) => Wrap(await _connector!.ConnectAsync(cancellationToken));

    public async ValueTask<Stream> OpenAsync(IReadOnlyList<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
        => Wrap(await _sessions!.OpenAsync(headers, cancellationToken));

    /// <summary>Until no connection is open any more.</summary>
    public async Task IsClosedAsync()
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Open > 0)
        {
            await Task.Delay(20, guard.Token);
        }
    }

    public void Meet(Fault fault) => (FromEngine, ToEngine) = (fault, fault);

    private FaultyStream Wrap(Stream stream)
    {
        Interlocked.Increment(ref _open);
        return new FaultyStream(stream, this);
    }

    private sealed class FaultyStream(Stream inner, FakeNetwork network) : WrappedStream(inner)
    {
        private readonly CancellationTokenSource _closed = new();
        private int _disposed;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await Inner.ReadAsync(buffer, cancellationToken);
            if (await EndsAsync(network.FromEngine, cancellationToken))
            {
                return 0;
            }

            if (network.FromEngine == Fault.Garbage)
            {
                buffer.Span[..count].Fill(0xFF);
            }

            Interlocked.Add(ref network._received, count);
            return count;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (await EndsAsync(network.ToEngine, cancellationToken))
            {
                throw new IOException("Broken pipe");
            }

            if (network.ToEngine == Fault.Garbage)
            {
                buffer = Enumerable.Repeat((byte)0xFF, buffer.Length).ToArray();
            }

            while (!buffer.IsEmpty)
            {
                var count = buffer.Length;
                if (network.BytesPerSecond is { } rate)
                {
                    count = Math.Min(count, Math.Max(1, rate / 10));
                    await WaitAsync(100, cancellationToken);
                }

                await Inner.WriteAsync(buffer[..count], cancellationToken);
                Interlocked.Add(ref network._sent, count);
                buffer = buffer[count..];
            }
        }

        public override async ValueTask DisposeAsync()
        {
            Leave();
            await base.DisposeAsync();
        }

        protected override void Dispose(bool disposing)
        {
            Leave();
            base.Dispose(disposing);
        }

        private async ValueTask<bool> EndsAsync(Fault fault, CancellationToken cancellationToken)
        {
            if (fault == Fault.Stall)
            {
                await WaitAsync(Timeout.Infinite, cancellationToken);
            }

            return fault == Fault.Break ? throw new IOException("Connection reset by peer") : fault == Fault.End;
        }

        /// <summary>Waits as a socket does: until its stream is closed.</summary>
        private async Task WaitAsync(int milliseconds, CancellationToken cancellationToken)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closed.Token);
            await Task.Delay(milliseconds, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (_closed.IsCancellationRequested)
            {
                throw new IOException("Operation canceled");
            }
        }

        private void Leave()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                _closed.Cancel();
                Interlocked.Decrement(ref network._open);
            }
        }
    }
}
