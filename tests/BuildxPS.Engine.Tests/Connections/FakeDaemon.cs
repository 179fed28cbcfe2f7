using System.Net.Sockets;
using System.Text;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Connections;

/// <summary>A fake of a daemon, for answers that no real one gives. It does with each connection what the test says.</summary>
internal sealed class FakeDaemon : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    public FakeDaemon(Func<Stream, CancellationToken, Task> serve)
    {
        var path = Path.Combine(_folder.Path, "d.sock");
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        Endpoint = new EngineEndpoint { Address = $"unix://{path}", Origin = "from the test" };
        _serving = ServeAsync(serve);
    }

    /// <summary>A fake that reads one request's head and answers with the text.</summary>
    public FakeDaemon(string answer)
        : this(async (stream, token) =>
        {
            await ReadHeadAsync(stream, token);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), token);
        })
    {
    }

    public EngineEndpoint Endpoint { get; }

    public IConnector Connector => ConnectorFactory.Create(Endpoint, System.Net.Security.SslApplicationProtocol.Http11);

    public static async Task<string> ReadHeadAsync(Stream stream, CancellationToken token)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, token) > 0)
        {
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
        _folder.Dispose();
    }

    private async Task ServeAsync(Func<Stream, CancellationToken, Task> serve)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(OneAsync(await _listener.AcceptAsync(_stopping.Token)));
            }
        }
        finally
        {
            await Task.WhenAll(connections);
        }

        async Task OneAsync(Socket socket)
        {
            await using var stream = new NetworkStream(socket, ownsSocket: true);
            try
            {
                await serve(stream, _stopping.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
            }
        }
    }
}
