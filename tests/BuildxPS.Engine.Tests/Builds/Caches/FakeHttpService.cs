using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BuildxPS.Engine.Tests.Builds.Caches;

/// <summary>A service in this process on the loopback address, which stands in for one of a cloud; it keeps everything in memory.</summary>
internal abstract class FakeHttpService : IAsyncDisposable
{
    private readonly Task _serving;
    private readonly HttpListener _listener;

    protected FakeHttpService()
    {
        (_listener, Address) = Listen();
        _serving = ServeAsync();
    }

    /// <summary>Its address, without a slash at the end.</summary>
    public string Address { get; }

    /// <summary>Method and path of every request so far.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>What went wrong in a request that this service should have understood.</summary>
    public ConcurrentQueue<string> Refusals { get; } = new();

    /// <summary>What is stored, by name.</summary>
    public ConcurrentDictionary<string, byte[]> Stored { get; } = new(StringComparer.Ordinal);

    public virtual async ValueTask DisposeAsync()
    {
        _listener.Abort();
        await ((Task)_serving.WaitAsync(TimeSpan.FromSeconds(10))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected abstract Task AnswerAsync(HttpListenerContext context, string path, byte[] body);

    protected static async Task SendAsync(HttpListenerContext context, HttpStatusCode status, byte[]? body = null)
    {
        context.Response.StatusCode = (int)status;
        context.Response.ContentLength64 = body?.Length ?? 0;
        if (body is { Length: > 0 })
        {
            await context.Response.OutputStream.WriteAsync(body);
        }
    }

    protected static Task SendJsonAsync(HttpListenerContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return SendAsync(context, HttpStatusCode.OK, Encoding.UTF8.GetBytes(json));
    }

    protected async Task RefuseAsync(HttpListenerContext context, HttpStatusCode status, string reason)
    {
        Refusals.Enqueue(reason);
        await SendAsync(context, status);
    }

    /// <summary>Sends what is stored, or the range of it that is asked for.</summary>
    protected static Task SendRangeAsync(HttpListenerContext context, byte[] stored)
    {
        if ((context.Request.Headers["Range"] ?? context.Request.Headers["x-ms-range"]) is not { } range)
        {
            return SendAsync(context, HttpStatusCode.OK, stored);
        }

        var ends = range["bytes=".Length..].Split('-');
        var first = int.Parse(ends[0], System.Globalization.CultureInfo.InvariantCulture);
        var last = ends[1].Length == 0 ? stored.Length - 1 : Math.Min(stored.Length - 1, int.Parse(ends[1], System.Globalization.CultureInfo.InvariantCulture));
        context.Response.Headers["Content-Range"] = FormattableString.Invariant($"bytes {first}-{last}/{stored.Length}");
        return SendAsync(context, HttpStatusCode.PartialContent, stored[first..(last + 1)]);
    }

    private static (HttpListener Listener, string Address) Listen()
    {
        for (var round = 0; ; round++)
        {
            int port;
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                port = ((IPEndPoint)probe.LocalEndpoint).Port;
            }

            var address = FormattableString.Invariant($"http://127.0.0.1:{port}");
            var listener = new HttpListener();
            listener.Prefixes.Add(address + "/");
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (round < 20)
            {
                // Somebody else took the port.
                listener.Close();
            }
        }
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = Task.Run(() => ServeAsync(context));
        }
    }

    private async Task ServeAsync(HttpListenerContext context)
    {
        try
        {
            var raw = context.Request.RawUrl!;
            Requests.Enqueue($"{context.Request.HttpMethod} {raw}");
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            await AnswerAsync(context, Uri.UnescapeDataString(raw.Split('?')[0]), body.ToArray());
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The engine went away, or the test is over.
        }
        catch (Exception e)
        {
            Refusals.Enqueue(e.ToString());
            context.Response.Abort();
        }
    }
}
