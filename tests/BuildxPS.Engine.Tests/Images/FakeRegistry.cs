using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace BuildxPS.Engine.Tests.Images;

/// <summary>A fake registry that misbehaves as a test tells it to: raw HTTP/1.1 over a socket, with or without TLS.</summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<FakeRequest, FakeResponse> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly Task _serving;
    private int _connections;

    public FakeRegistry(Func<FakeRequest, FakeResponse> answer, X509Certificate2? certificate = null, IPAddress? address = null)
    {
        (_answer, _certificate) = (answer, certificate);
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Authority => _listener.LocalEndpoint.ToString()!;

    /// <summary>All requests so far, in order.</summary>
    public ConcurrentQueue<FakeRequest> Requests { get; } = new();

    /// <summary>The most connections that were open at the same time.</summary>
    public int MostConnections { get; private set; }

    /// <summary>How many bytes of a request's body are read before the connection breaks; null reads it whole. What was read is answered to nobody.</summary>
    public Func<FakeRequest, int?>? Cuts { get; set; }

    /// <summary>What is answered to a client that asks before it sends a large body; null lets it send.</summary>
    public Func<FakeRequest, FakeResponse?>? Refuses { get; set; }

    /// <summary>Whether a body that is asked for is left unread, for as long as the client waits.</summary>
    public Func<FakeRequest, bool>? Stalls { get; set; }

    /// <summary>Whether TLS asks for a client's certificate; those that came.</summary>
    public ConcurrentQueue<string?>? ClientCertificates { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await ((Task)_serving.WaitAsync(TimeSpan.FromSeconds(10))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            lock (Requests)
            {
                MostConnections = Math.Max(MostConnections, ++_connections);
            }

            try
            {
                Stream stream = client.GetStream();
                if (_certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                    {
                        ServerCertificate = _certificate,
                        ClientCertificateRequired = ClientCertificates is not null,
                        RemoteCertificateValidationCallback = (_, shown, _, _) => ClientCertificates is null || shown is not null,
                    }, _stopping.Token);
                    ClientCertificates?.Enqueue(tls.RemoteCertificate?.Subject);
                    stream = tls;
                }

                while (await ReadAsync(stream) is { } request)
                {
                    if (request.Length > 0 && await ReadBodyAsync(stream, request) is var whole)
                    {
                        if (whole is null)
                        {
                            return;
                        }

                        request = whole;
                    }

                    Requests.Enqueue(request);
                    if (!await WriteAsync(stream, request, _answer(request)))
                    {
                        return;
                    }
                }
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or SocketException or System.Security.Authentication.AuthenticationException)
            {
                // The client went away, or the test is over.
            }
            finally
            {
                lock (Requests)
                {
                    _connections--;
                }
            }
        }
    }

    private async Task<FakeRequest?> ReadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stopping.Token) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
            if (one[0] == 0x16 && head.Length == 1)
            {
                // A TLS greeting: what plain http servers answer to it.
                await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"u8.ToArray(), _stopping.Token);
                return null;
            }
        }

        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(l => l.Split(": ", 2)).GroupBy(p => p[0], p => p[1], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(g => g.Key, g => string.Join(", ", g), StringComparer.OrdinalIgnoreCase);
        return new FakeRequest(lines[0].Split(' ')[0], lines[0].Split(' ')[1], headers, []);
    }

    /// <summary>Reads a body; null where nothing is to be answered.</summary>
    private async Task<FakeRequest?> ReadBodyAsync(Stream stream, FakeRequest request)
    {
        if (request.Headers.ContainsKey("Expect"))
        {
            if (Refuses?.Invoke(request) is { } refusal)
            {
                Requests.Enqueue(request);
                await WriteAsync(stream, request, refusal with { Closes = true });
                return null;
            }

            await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), _stopping.Token);
        }

        if (Stalls?.Invoke(request) == true)
        {
            Requests.Enqueue(request);
            await Task.Delay(Timeout.Infinite, _stopping.Token);
        }

        var cut = Cuts?.Invoke(request);
        var content = new byte[Math.Min(request.Length, cut ?? int.MaxValue)];
        await stream.ReadExactlyAsync(content, _stopping.Token);
        request = request with { Content = content };
        if (cut is null)
        {
            return request;
        }

        Requests.Enqueue(request);
        _ = _answer(request);
        return null;
    }

    private async Task<bool> WriteAsync(Stream stream, FakeRequest request, FakeResponse response)
    {
        var head = new StringBuilder($"HTTP/1.1 {response.Status} X\r\n");
        foreach (var (name, value) in response.Headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        if (response.Stream is null && !response.Headers.ContainsKey("Content-Length"))
        {
            head.Append("Content-Length: ").Append(response.Body.Length).Append("\r\n");
        }

        await stream.WriteAsync(Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), _stopping.Token);
        if (request.Method == "HEAD")
        {
            return true;
        }

        await stream.WriteAsync(response.Body, _stopping.Token);
        if (response.Stream is not null)
        {
            await response.Stream(stream, _stopping.Token);
        }

        return response.Stream is null && !response.Closes;
    }
}

internal sealed record FakeRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Content)
{
    public string Body => Encoding.UTF8.GetString(Content);

    /// <summary>Bytes that the body should have.</summary>
    public int Length => Headers.TryGetValue("Content-Length", out var length) ? int.Parse(length, System.Globalization.CultureInfo.InvariantCulture) : 0;

    public string? Authorization => Headers.GetValueOrDefault("Authorization");

    public string Path => Target.Split('?')[0];

    /// <summary>A parameter of the address, decoded; null where it is not there.</summary>
    public string? Query(string name) => System.Web.HttpUtility.ParseQueryString(Target.Contains('?', StringComparison.Ordinal) ? Target.Split('?', 2)[1] : "")[name];
}

internal sealed record FakeResponse
{
    public int Status { get; init; } = 200;

    public Dictionary<string, string> Headers { get; init; } = [];

    public byte[] Body { get; init; } = [];

    /// <summary>Writes a body by hand, after <see cref="Body"/>; the connection is closed after it.</summary>
    public Func<Stream, CancellationToken, Task>? Stream { get; init; }

    public bool Closes { get; init; }

    public static FakeResponse Document(string mediaType, byte[] bytes, string? digest = null) => new()
    {
        Body = bytes,
        Headers = new()
        {
            ["Content-Type"] = mediaType,
            ["Docker-Content-Digest"] = digest ?? "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)),
        },
    };

    public static FakeResponse Json(int status, string text, params (string Name, string Value)[] headers) => new()
    {
        Status = status,
        Body = Encoding.UTF8.GetBytes(text),
        Headers = headers.Append(("Content-Type", "application/json")).ToDictionary(h => h.Item1, h => h.Item2),
    };
}
