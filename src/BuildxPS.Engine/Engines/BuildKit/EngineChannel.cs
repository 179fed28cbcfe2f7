using BuildxPS.Engine.Connections;
using Grpc.Core;
using Grpc.Net.Client;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>One gRPC channel over a connector: any number of calls on one connection.</summary>
internal sealed class EngineChannel : IDisposable
{
    private const int MaxMessage = 16 * 1024 * 1024;
    private const int StreamWindow = 1024 * 1024;
    private readonly GrpcChannel _channel;

    public EngineChannel(IConnector connector)
    {
        var sockets = new SocketsHttpHandler
        {
            ConnectCallback = (_, token) => connector.ConnectAsync(token),
            // Engines take any number of calls on one connection, and Status has to reach them before Solve.
            EnableMultipleHttp2Connections = false,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            InitialHttp2StreamWindowSize = StreamWindow,
            // An error brings its details, with the whole Dockerfile in them, as one trailer.
#pragma warning disable CA2262 // It is meant in kilobytes.
            MaxResponseHeadersLength = 8 * 1024,
#pragma warning restore CA2262
            UseProxy = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            // Pings more often than every five minutes make grpc-go hang up (too_many_pings); a dead peer is found by
            // the connector's TCP keep-alive and by what a build asks when the engine is quiet.
            KeepAlivePingDelay = Timeout.InfiniteTimeSpan,
        };
        // The address is not used: the connector knows where to, and engines ignore the authority.
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = new SessionHeaderHandler(sockets),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessage,
            MaxSendMessageSize = MaxMessage,
            // With it, what an engine says beside "deadline exceeded" (its own, towards a registry or a session) would be
            // thrown away, and the call would look cancelled. Whoever passes a token tells the two apart.
            ThrowOperationCanceledOnCancellation = false,
        });
        Invoker = _channel.CreateCallInvoker();
        Control = new Protocol.Control.ControlClient(Invoker);
        Gateway = new Protocol.Gateway.LLBBridge.LLBBridgeClient(Invoker);
    }

    /// <summary>Makes calls.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>The engine's control service.</summary>
    public Protocol.Control.ControlClient Control { get; }

    /// <summary>The calls beside a running solve.</summary>
    public Protocol.Gateway.LLBBridge.LLBBridgeClient Gateway { get; }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
