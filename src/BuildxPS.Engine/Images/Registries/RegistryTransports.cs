using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Connections to registries. Hosts that are trusted alike share a pool, also with other clients in this process:
/// connections hold no credentials, each request brings its own.
/// </summary>
internal sealed class RegistryTransports : IDisposable
{
    private static readonly ConcurrentDictionary<string, Lazy<HttpMessageInvoker>> s_shared = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, Lazy<HttpMessageInvoker>> _pools;
    private readonly ConcurrentDictionary<string, HttpMessageInvoker> _known = new(StringComparer.Ordinal);
    private readonly EnvironmentProxy? _proxy;
    private readonly TimeSpan _connectTimeout;
    private readonly TimeSpan _continueTimeout;

    public RegistryTransports(RegistryClientOptions options)
    {
        _proxy = EnvironmentProxy.Read(options.Environment);
        _connectTimeout = options.Limits.Connect;
        _continueTimeout = options.Limits.Continue;
        _pools = _proxy is { HasCredentials: true } ? new(StringComparer.Ordinal) : s_shared;
    }

    /// <summary>The pool for a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="isUpload">
    /// Whether a blob is sent. They have connections of their own: a blob that is sent waits for one that is fetched, and
    /// were all connections taken by the first kind, both would wait for ever.
    /// </param>
    /// <returns>What sends requests to it.</returns>
    public HttpMessageInvoker For(RegistryHost host, bool isUpload = false)
        => _known.GetOrAdd($"{isUpload}|{host.SkipTlsVerify}|{string.Join('|', host.CaFiles)}|{host.CaText}|{string.Join('|', host.Certificates.Select(c => c.CertificateFile ?? c.Pem))}", _ => Create(host, isUpload));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!ReferenceEquals(_pools, s_shared))
        {
            foreach (var pool in _pools.Values)
            {
                pool.Value.Dispose();
            }
        }
    }

    private HttpMessageInvoker Create(RegistryHost host, bool isUpload)
    {
        var authorities = RegistryCertificates.Read(host.CaFiles, host.CaText);
        var own = RegistryCertificates.ReadOwn(host.Certificates);
        var prints = authorities.Concat(own).Select(a => a.GetCertHashString(HashAlgorithmName.SHA256)).Order(StringComparer.Ordinal);
        var key = $"{isUpload}|{host.SkipTlsVerify}|{own.Count}|{_connectTimeout.Ticks}|{_continueTimeout.Ticks}|{_proxy?.Key}|{string.Join(',', prints)}";
        return _pools.GetOrAdd(key, _ => new Lazy<HttpMessageInvoker>(() => new HttpMessageInvoker(new SocketsHttpHandler
        {
            // Redirects are followed by hand: what may go along to another host is not the handler's to decide.
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseProxy = _proxy is not null,
            Proxy = _proxy,
            ConnectTimeout = _connectTimeout,
            Expect100ContinueTimeout = _continueTimeout,
            ConnectCallback = ConnectAsync,
            MaxConnectionsPerServer = BlobTurns.AtOnce + 2,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            MaxResponseHeadersLength = 64,
            MaxResponseDrainSize = 64 * 1024,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            SslOptions = RegistryCertificates.Options(authorities, own, host.SkipTlsVerify),
        }))).Value;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            var stream = new NetworkStream(socket, ownsSocket: true);
            var isTls = context.InitialRequestMessage.RequestUri is { } uri && uri.Scheme == Uri.UriSchemeHttps && _proxy?.GetProxy(uri) is null;
            return isTls ? new TlsAnswerStream(stream) : stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
