using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace BuildxPS.Engine.Tests.Environment;

/// <summary>A web server with the files of a folder. Engines run on this machine, and reach it at its own address.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly HttpListener _listener;
    private readonly string _folder;
    private readonly Task _serving;

    private WebServer(HttpListener listener, string address, string folder)
    {
        (_listener, Address, _folder) = (listener, address, folder);
        _serving = ServeAsync();
    }

    /// <summary><c>http://127.0.0.1:PORT</c>.</summary>
    public string Address { get; }

    /// <summary>What was asked for, as <c>PATH USER-AGENT</c>.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The answer for paths that begin so, instead of a file.</summary>
    public ConcurrentDictionary<string, HttpStatusCode> Refused { get; } = new(StringComparer.Ordinal);

    public static WebServer Start(string folder)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var socket = new TcpListener(IPAddress.Loopback, 0);
            socket.Start();
            var address = $"http://127.0.0.1:{((IPEndPoint)socket.LocalEndpoint).Port}";
            socket.Stop();
            var listener = new HttpListener { Prefixes = { address + "/" } };
            try
            {
                listener.Start();
                return new WebServer(listener, address, folder);
            }
            catch (Exception e) when (attempt < 10 && e is HttpListenerException or SocketException)
            {
                // Somebody else took the port in between.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await ((Task)_serving.WaitAsync(TimeSpan.FromSeconds(10))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            var context = await _listener.GetContextAsync();
            _ = Task.Run(() => AnswerAsync(context));
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var response = context.Response;
            var path = context.Request.Url!.AbsolutePath;
            Requests.Enqueue($"{path} {context.Request.UserAgent}");
            var file = Path.Join(_folder, path);
            var refused = Refused.FirstOrDefault(r => path.StartsWith(r.Key, StringComparison.Ordinal)).Value;
            response.StatusCode = (int)(refused != 0 ? refused : File.Exists(file) ? HttpStatusCode.OK : HttpStatusCode.NotFound);
            if (response.StatusCode == 200 && context.Request.HttpMethod != "HEAD")
            {
                var bytes = await File.ReadAllBytesAsync(file);
                response.ContentLength64 = bytes.Length;
                await response.OutputStream.WriteAsync(bytes);
            }
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The engine went away, or the test is over.
        }
    }
}
