using Docker.DotNet.Handler.Abstractions;
using Microsoft.Extensions.Logging;

namespace BuildxPS.Engine.Drivers;

/// <summary>Options of <see cref="ConnectorTransport"/>.</summary>
/// <param name="Handler">Sends the requests.</param>
internal sealed record ConnectorTransportOptions(HttpMessageHandler Handler);

/// <summary>
/// Lets the docker client send through our own handler, so that every way to reach an engine serves it too. Its own
/// transports open sockets themselves.
/// </summary>
internal sealed class ConnectorTransport : IDockerHandlerFactory<ConnectorTransportOptions>
{
    /// <summary>The host of the request's URI, which daemons do not look at.</summary>
    public static readonly Uri BaseAddress = new("http://docker.example.com");

    /// <inheritdoc/>
    public ResolvedTransport CreateHandler(ConnectorTransportOptions transportOptions, ResolvedClientOptions clientOptions, ILogger logger)
        => new(transportOptions.Handler, BaseAddress);

    /// <inheritdoc/>
    public ResolvedTransport CreateHandler(ResolvedClientOptions clientOptions, ILogger logger)
        => throw new NotSupportedException("This transport needs a handler.");

    /// <inheritdoc/>
    public Task<WriteClosableStream> HijackStreamAsync(HttpContent content)
        => throw new NotSupportedException($"Tunnels are opened by {nameof(Connections.ConnectionUpgrade)}.");
}
