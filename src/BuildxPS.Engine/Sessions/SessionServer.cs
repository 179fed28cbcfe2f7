using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BuildxPS.Engine.Sessions;

/// <summary>
/// Serves gRPC methods to an engine over one duplex stream, on which the engine is the HTTP/2 client. Ends when the
/// stream ends.
/// </summary>
internal sealed class SessionServer : IAsyncDisposable
{
    /// <summary>How many headers a request may have. An engine sends one for each line of a .dockerignore file.</summary>
    internal const int MaxHeaders = 20_000;

    private const int MaxHeaderBytes = 4 * 1024 * 1024;
    private const int StreamWindow = 1024 * 1024;

    // A call whose bytes nobody takes, as when a disk is slow, holds its stream's window, and so many of them must leave
    // room for the engine's health checks: it drops a session that does not answer them.
    private const int ConnectionWindow = 16 * StreamWindow;
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(1);

    private readonly KestrelServer _server;
    private readonly SessionTunnel _tunnel;
    private readonly SessionDispatcher _dispatcher;
    private int _disposed;

    private SessionServer(KestrelServer server, SessionTunnel tunnel, SessionDispatcher dispatcher)
    {
        _server = server;
        _tunnel = tunnel;
        _dispatcher = dispatcher;
    }

    /// <summary>Ends when the engine has begun to use the session, or will not any more.</summary>
    public Task Opened => _tunnel.Opened;

    /// <summary>How long ago the engine said something through it. Engines ask every five seconds whether it is alive, old ones every second.</summary>
    public TimeSpan Silence => _tunnel.Silence;

    /// <summary>Ends when the tunnel is closed, by whichever side. Its result is how the tunnel came to its end; null if this side closed it.</summary>
    public Task<Exception?> Completion => _tunnel.Closed;

    /// <summary>
    /// The first failure that one of our own methods met; null if none did. The engine gets to know only its text, so
    /// a build that fails afterwards fails because of this.
    /// </summary>
    public Exception? FirstFailure => _dispatcher.FirstFailure;

    /// <summary>Starts to serve.</summary>
    /// <param name="tunnel">The stream; disposed with the server, or when it ends.</param>
    /// <param name="methods">What to serve; health checks are answered besides.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The server.</returns>
    public static async Task<SessionServer> StartAsync(Stream tunnel, IEnumerable<ISessionMethod> methods, CancellationToken cancellationToken)
    {
        var connection = new SessionTunnel(tunnel);
        var listener = new SessionTunnelListener(connection);
        var server = new KestrelServer(Options.Create(CreateOptions(listener)), listener, NullLoggerFactory.Instance);
        try
        {
            var dispatcher = new SessionDispatcher(methods);
            await server.StartAsync(dispatcher, cancellationToken).ConfigureAwait(false);
            return new SessionServer(server, connection, dispatcher);
        }
        catch
        {
            server.Dispose();
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _dispatcher.Stop();
        await ((Task)StopAsync().WaitAsync(s_stopLimit)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static KestrelServerOptions CreateOptions(SessionTunnelListener listener)
    {
        var options = new KestrelServerOptions
        {
            ApplicationServices = NoServices.Instance,
            AddServerHeader = false,
            AllowSynchronousIO = false,
        };
        var limits = options.Limits;
        // An infinite time overflows inside the server, which then says goodbye at its next heartbeat.
        limits.KeepAliveTimeout = TimeSpan.FromDays(365);
        limits.RequestHeadersTimeout = TimeSpan.FromDays(365);
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxRequestBodySize = null;
        limits.MaxRequestHeaderCount = MaxHeaders;
        limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        // Has to hold all headers, else the server does not start.
        limits.MaxRequestBufferSize = MaxHeaderBytes;
        limits.Http2.MaxRequestHeaderFieldSize = 1024 * 1024;
        limits.Http2.MaxStreamsPerConnection = 1000;
        limits.Http2.InitialStreamWindowSize = StreamWindow;
        limits.Http2.InitialConnectionWindowSize = ConnectionWindow;
        options.Listen(listener.EndPoint, o => o.Protocols = HttpProtocols.Http2);
        return options;
    }

    private async Task StopAsync()
    {
        // A stop that may wait would let calls go on: the build is over, so the connection goes first.
        await _tunnel.CloseAsync().ConfigureAwait(false);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync().ConfigureAwait(false);
        await ((Task)_server.StopAsync(stop.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _server.Dispose();
        _dispatcher.Dispose();
    }

    private sealed class NoServices : IServiceProvider
    {
        public static NoServices Instance { get; } = new();

        public object? GetService(Type serviceType) => null;
    }
}
