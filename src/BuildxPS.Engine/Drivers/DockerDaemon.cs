using System.Net.Security;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using BuildxPS.Engine.Connections;
using Docker.DotNet;

namespace BuildxPS.Engine.Drivers;

/// <summary>One docker daemon: its connections, and the plain calls of its API. Answers are asked for once and kept.</summary>
internal sealed partial class DockerDaemon : IDisposable
{
    private const long MaxResponseBytes = 16 << 20;

    private static readonly Version s_oldest = new(1, 40);
    private static readonly Version s_newest = new(1, 51);

    private readonly BoundedResponseHandler _handler;
    private readonly HttpClient _http;
    private readonly TimeSpan _timeout;
    private readonly Lock _gate = new();
    private Version? _apiVersion;
    private string? _version;
    private DockerClient? _client;

    /// <summary>Creates a daemon's client. Nothing is contacted.</summary>
    /// <param name="endpoint">How it is reached.</param>
    /// <param name="timeout">How long one call may take; null for 20 seconds.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EndpointUnsupported"/> or <see cref="BuildxFailure.EndpointInvalid"/>.</exception>
    public DockerDaemon(EngineEndpoint endpoint, TimeSpan? timeout = null)
    {
        _timeout = timeout ?? TimeSpan.FromSeconds(20);
        Connector = ConnectorFactory.Create(endpoint, SslApplicationProtocol.Http11, timeout);
        DirectConnector = ConnectorFactory.Create(endpoint, SslApplicationProtocol.Http2, timeout);
        _handler = CreateHandler(Connector);
        _http = new HttpClient(_handler) { BaseAddress = ConnectorTransport.BaseAddress, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The daemon's address, for messages.</summary>
    public string Address => Connector.Address;

    /// <summary>Reaches it for HTTP/1.1.</summary>
    public IConnector Connector { get; }

    /// <summary>Reaches it for HTTP/2.</summary>
    public IConnector DirectConnector { get; }

    /// <summary>The API version that the daemon offers, which also tells whether it is there.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>For example 1.41.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnsupported"/> where it is too old, and what makes it unreachable.</exception>
    public async Task<Version> GetApiVersionAsync(CancellationToken cancellationToken)
    {
        var offered = _apiVersion ??= await CallAsync("GET /_ping", PingAsync, cancellationToken).ConfigureAwait(false);
        if (offered < s_oldest)
        {
            throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The docker daemon at {Address} offers API {offered}; at least {s_oldest} is needed.",
                "Use docker 19.03 or newer.");
        }

        return offered;
    }

    /// <summary>The daemon's own version, for example <c>20.10.24+dfsg1</c>.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The version; empty where it does not tell.</returns>
    public async Task<string> GetVersionAsync(CancellationToken cancellationToken)
    {
        await GetApiVersionAsync(cancellationToken).ConfigureAwait(false);
        if (_version is null)
        {
            var client = await GetClientAsync(cancellationToken).ConfigureAwait(false);
            var answer = await CallAsync("GET /version", client.System.GetVersionAsync, cancellationToken).ConfigureAwait(false);
            _version = DisplayText.Line(answer.Version ?? "");
        }

        return _version;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client?.Dispose();
        _http.Dispose();
    }

    private static BoundedResponseHandler CreateHandler(IConnector connector) => new(
        new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellationToken) => connector.ConnectAsync(cancellationToken),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        },
        MaxResponseBytes);

    private async Task<DockerClient> GetClientAsync(CancellationToken cancellationToken)
    {
        var offered = await GetApiVersionAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            return _client ??= new DockerClientBuilder<ConnectorTransportOptions>(
                new ConnectorTransport(), new ConnectorTransportOptions(_handler))
                // Without one the builder looks for a docker context, and fails where the configuration names a wrong one.
                .WithEndpoint(ConnectorTransport.BaseAddress)
                .WithApiVersion(offered < s_newest ? offered : s_newest)
                .WithTimeout(Timeout.InfiniteTimeSpan)
                .Build();
        }
    }

    private async Task<Version> PingAsync(CancellationToken cancellationToken)
    {
        // The docker client drops the answer's headers, and its first use costs a build a tenth of a second.
        using var request = new HttpRequestMessage(HttpMethod.Get, "/_ping");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        var body = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw DockerRefusal.Create(Address, "GET /_ping", (int)response.StatusCode, DockerRefusal.MessageOf(body));
        }

        // Docker names itself in every answer, which spares a call that takes it a while.
        _version = response.Headers.Server.FirstOrDefault()?.Product is { Name: "Docker", Version: { } own } ? DisplayText.Line(own) : null;
        return response.Headers.TryGetValues("Api-Version", out var values) && Version.TryParse(values.First(), out var version)
            ? version
            : throw NotDocker("it names no API version", null);
    }

    private async Task<T> CallAsync<T>(
        string request, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, TimeSpan? ownLimit = null)
    {
        var timeout = ownLimit ?? _timeout;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            return await call(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BuildxException(
                BuildxFailure.TimedOut,
                FormattableString.Invariant($"The engine at {Address} did not answer to {request} within {timeout.TotalSeconds:0.#} s."),
                "The engine is reachable but hangs or is overloaded: look at its own log, or restart it.")
            { IsTransient = true };
        }
        catch (DockerApiException e)
        {
            throw DockerRefusal.Create(Address, request, (int)e.StatusCode, DockerRefusal.MessageOf(e.ResponseBody ?? ""));
        }
        catch (Exception e) when (e is not (BuildxException or OperationCanceledException))
        {
            throw await TranslateAsync(e, request, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<BuildxException> TranslateAsync(Exception exception, string request, CancellationToken cancellationToken)
    {
        var innermost = exception;
        for (var e = exception; e is not null; e = e.InnerException)
        {
            innermost = e;
            switch (e)
            {
                case BuildxException known:
                    ExceptionDispatchInfo.Throw(known);
                    break;
                case InvalidDataException or JsonException:
                    return NotDocker(DisplayText.Line(e.Message), exception);
                case HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }:
                    return await HttpTwoSniff.IsSpokenAsync(Connector, cancellationToken).ConfigureAwait(false)
                        ? BuildKit(exception)
                        : NotDocker("it does not speak HTTP as a docker daemon does", exception);
            }
        }

        return await HttpTwoSniff.IsSpokenAsync(Connector, cancellationToken).ConfigureAwait(false)
            ? BuildKit(exception)
            : new BuildxException(
                BuildxFailure.EngineLost,
                $"The connection to the engine at {Address} broke during {request}: {DisplayText.Line(innermost.Message)}",
                "Check that the address is a docker daemon's, and look at the daemon's own log.",
                exception)
            {
                // An answer that ends in its first line may also be that of something else than a daemon.
                IsTransient = exception is not HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded },
            };
    }

    private BuildxException BuildKit(Exception inner) => new(
        BuildxFailure.EngineUnsupported,
        $"What answers at {Address} speaks HTTP/2 only: it looks like a BuildKit daemon (buildkitd), not a docker daemon.",
        "Give the address of a docker daemon, or make a builder of this one and name that: New-BuildxBuilder -Driver remote -Endpoint ADDRESS.",
        inner);

    private BuildxException NotDocker(string reason, Exception? inner) => new(
        BuildxFailure.ProtocolViolation,
        $"What answers at {Address} is not a docker daemon: {reason}.",
        "Check that the address is a docker daemon's and no other service's.",
        inner);
}
