using System.Net.Sockets;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Connections;

/// <summary>A socket in front of a real daemon's that counts what is sent to the daemon.</summary>
internal sealed class CountingRelay : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _target;
    private readonly Task _serving;
    private long _sent;

    public CountingRelay(string address)
    {
        _target = address["unix://".Length..];
        var path = Path.Combine(_folder.Path, "d.sock");
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        Endpoint = new EngineEndpoint { Address = $"unix://{path}", Origin = "from the test" };
        _serving = ServeAsync();
    }

    public EngineEndpoint Endpoint { get; }

    /// <summary>Bytes that were sent to the daemon so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _folder.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(RelayAsync(await _listener.AcceptAsync(_stopping.Token)));
            }
        }
        finally
        {
            await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using (client)
        {
            using var daemon = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await daemon.ConnectAsync(new UnixDomainSocketEndPoint(_target), _stopping.Token);
            await Task.WhenAll(CopyAsync(client, daemon, n => Interlocked.Add(ref _sent, n)), CopyAsync(daemon, client, _ => 0));
        }
    }

    private async Task CopyAsync(Socket from, Socket to, Func<int, long> count)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer, _stopping.Token)) > 0)
            {
                count(read);
                await to.SendAsync(buffer.AsMemory(0, read), _stopping.Token);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // One side has closed.
            from.Dispose();
            to.Dispose();
        }
    }
}
