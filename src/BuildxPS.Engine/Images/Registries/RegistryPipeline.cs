using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>Sends requests to registries: which scheme, which login, redirects, retries, bounds.</summary>
internal sealed class RegistryPipeline : IDisposable
{
    private readonly RegistryClientOptions _options;
    private readonly RegistryTransports _transports;
    private readonly TokenService _tokens;
    private readonly RegistryMirrors _mirrors;
    private readonly ConcurrentDictionary<string, RegistryAuthorizer> _authorizers = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, string> _schemes = new(StringComparer.OrdinalIgnoreCase);

    public RegistryPipeline(RegistryClientOptions options)
    {
        _options = options;
        _transports = new RegistryTransports(options);
        _tokens = new TokenService(options, _transports);
        _mirrors = new RegistryMirrors(options);
    }

    /// <summary>How this client names itself.</summary>
    public static ProductInfoHeaderValue UserAgent { get; } = new("BuildxPS", typeof(RegistryPipeline).Assembly.GetName().Version?.ToString(3));

    /// <summary>Sends a request and reads its answer; both are tried again where that can help.</summary>
    /// <param name="request">The request.</param>
    /// <param name="read">Reads an answer of success.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was read.</returns>
    public Task<T> SendAsync<T>(RegistryRequest request, Func<RegistryResponse, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
        => _mirrors.AskAsync(
            request,
            async (asked, token) =>
            {
                using var response = await SendAuthorizedAsync(asked, token).ConfigureAwait(false);
                return await GuardAsync(asked, response.RequestMessage!.RequestUri!, () => read(new RegistryResponse(response, asked, _options.Limits), token), token).ConfigureAwait(false);
            },
            cancellationToken);

    /// <summary>Sends a request that cannot simply be sent again, and reads its answer.</summary>
    /// <param name="request">The request.</param>
    /// <param name="read">Reads an answer of success.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was read.</returns>
    /// <exception cref="RetryableException">It failed for a passing reason; what the registry has of it is not known.</exception>
    public async Task<T> SendOnceAsync<T>(RegistryRequest request, Func<RegistryResponse, T> read, CancellationToken cancellationToken)
    {
        using var response = await SendAuthorizedAsync(request, cancellationToken).ConfigureAwait(false);
        return read(new RegistryResponse(response, request, _options.Limits));
    }

    /// <summary>Waits for its turn, and sends a request for a blob, whose body is then read as a stream.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer of success, which stays open, and the turn that it takes; both are the caller's.</returns>
    public Task<(HttpResponseMessage Response, IDisposable Turn)> OpenAsync(RegistryRequest request, CancellationToken cancellationToken)
        => _mirrors.AskAsync(
            request,
            async (asked, token) =>
            {
                var turn = await BlobTurns.TakeAsync(asked.Host, isUpload: false, token).ConfigureAwait(false);
                try
                {
                    return (await SendAuthorizedAsync(asked, token).ConfigureAwait(false), turn);
                }
                catch
                {
                    turn.Dispose();
                    throw;
                }
            },
            cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _transports.Dispose();

    private async Task<HttpResponseMessage> SendAuthorizedAsync(RegistryRequest request, CancellationToken cancellationToken)
    {
        var authorizer = _authorizers.GetOrAdd(request.Host.Authority, _ => new RegistryAuthorizer(request.Host, _options, _tokens));
        var authorization = await authorizer.AuthorizeAsync(request.Scope, cancellationToken).ConfigureAwait(false);
        for (var isAnswered = false; ; isAnswered = true)
        {
            var response = await SendFollowingAsync(request, authorization, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            // The answer is read and let go before a token is fetched: it holds one of the few connections, and the
            // token service may be behind the same host, waiting for one.
            var address = response.RequestMessage!.RequestUri!;
            var body = await ReadErrorAsync(response, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.Unauthorized && !isAnswered && IsAt(request.Host, address))
            {
                var challenges = AuthenticateChallenge.Parse(response);
                authorization = await authorizer.AnswerAsync(challenges, address.Scheme, request.Scope, authorization, cancellationToken).ConfigureAwait(false);
                if (authorization is not null)
                {
                    continue;
                }
            }

            throw RegistryFailures.FromStatus(request, address, response, body, authorizer.Login);
        }
    }

    private async Task<HttpResponseMessage> SendFollowingAsync(RegistryRequest request, AuthenticationHeaderValue? authorization, CancellationToken cancellationToken)
    {
        var response = await SendToRegistryAsync(request, authorization, cancellationToken).ConfigureAwait(false);
        for (var redirect = 1; (int)response.StatusCode is 301 or 302 or 303 or 307 or 308; redirect++)
        {
            Uri to;
            bool isAtHome;
            using (var answer = response)
            {
                var from = answer.RequestMessage!.RequestUri!;
                to = RedirectTarget(request, from, answer, redirect);
                isAtHome = IsAt(request.Host, from) && IsAt(request.Host, to) && to.Scheme == from.Scheme;
            }

            var host = RegistryHost.Create(to.Authority, _options.Trust);
            response = await SendToAddressAsync(request, host, to, isAtHome ? authorization : null, cancellationToken).ConfigureAwait(false);
        }

        return response;
    }

    private Uri RedirectTarget(RegistryRequest request, Uri from, HttpResponseMessage response, int redirect)
    {
        var location = response.Headers.NonValidated.TryGetValues("Location", out var values) ? values.First() : null;
        var problem = redirect > _options.Limits.Redirects ? $"it redirects more than {_options.Limits.Redirects} times"
            : request.Writes && (int)response.StatusCode is not (307 or 308) ? $"it answers {RegistryFailures.Status(response)} to {request.Method}, which would lose what is sent"
            : !Uri.TryCreate(from, location, out var to) || to.Scheme is not ("http" or "https") || to.UserInfo.Length > 0 ? "it redirects to something that is not an address"
            : from.Scheme == Uri.UriSchemeHttps && to.Scheme == Uri.UriSchemeHttp ? $"it redirects from https to plain http ({RegistryFailures.Redact(to)})"
            : to.Scheme == Uri.UriSchemeHttp && !request.Host.TrustsPlainHttpTo(to, _options.Trust) ? $"it redirects to another host over plain http ({RegistryFailures.Redact(to)}), which is not named as one to trust so"
            : null;
        return problem is null
            ? new Uri(from, location)
            : throw new BuildxException(
                BuildxFailure.RegistryError,
                $"The registry {request.Host.Name} did not {RegistryFailures.Verb(request)} '{request.Subject}': {problem}.",
                "Ask who runs the registry; a host on plain http, if you trust the network in between, can be named with -InsecureRegistry.");
    }

    private static bool IsAt(RegistryHost host, Uri address)
        => Uri.TryCreate($"{address.Scheme}://{host.Authority}", UriKind.Absolute, out var own)
            && own.Host.Equals(address.Host, StringComparison.OrdinalIgnoreCase) && own.Port == address.Port;

    /// <summary>Finds out once how a registry on this machine is spoken to: http first, then https. No login goes along before that is known.</summary>
    private async Task<HttpResponseMessage> SendToRegistryAsync(RegistryRequest request, AuthenticationHeaderValue? authorization, CancellationToken cancellationToken)
    {
        var host = request.Host;
        if (request.Location is { } location)
        {
            // Named by the registry for an upload. What is elsewhere gets no login: the address itself must be the permission.
            var isAtHome = IsAt(host, location);
            return await SendToAddressAsync(
                request, isAtHome ? host : RegistryHost.Create(location.Authority, _options.Trust), location, isAtHome ? authorization : null, cancellationToken).ConfigureAwait(false);
        }

        if (host.Schemes is [var only] || _schemes.TryGetValue(host.Authority, out only!))
        {
            return await SendToAddressAsync(request, host, request.Address(only), authorization, cancellationToken).ConfigureAwait(false);
        }

        HttpResponseMessage? first = null;
        Exception? failure = null;
        try
        {
            first = await SendToAddressAsync(request, host, request.Address(host.Schemes[0]), null, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is RetryableException or BuildxException { Failure: BuildxFailure.RegistryError or BuildxFailure.RegistryHttpsRequired })
        {
            failure = error;
        }

        if (first is { StatusCode: not HttpStatusCode.BadRequest } || IsRegistry(first))
        {
            _schemes[host.Authority] = host.Schemes[0];
            return first!;
        }

        try
        {
            var second = await SendToAddressAsync(request, host, request.Address(host.Schemes[1]), null, cancellationToken).ConfigureAwait(false);
            _schemes[host.Authority] = host.Schemes[1];
            first?.Dispose();
            return second;
        }
        catch (Exception error) when (error is RetryableException or BuildxException { Failure: BuildxFailure.RegistryPlainHttp or BuildxFailure.RegistryUnreachable or BuildxFailure.TimedOut })
        {
            // It does not speak TLS either, so what it said over http is the news.
            return first ?? throw failure!;
        }
    }

    private static bool IsRegistry(HttpResponseMessage? response)
        => response?.Headers.NonValidated.Contains("Docker-Distribution-Api-Version") == true;

    private async Task<HttpResponseMessage> SendToAddressAsync(
        RegistryRequest request, RegistryHost host, Uri address, AuthenticationHeaderValue? authorization, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, address)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.Authorization = authorization;
        message.Headers.UserAgent.Add(UserAgent);
        if (request.Accept.Count > 0)
        {
            message.Headers.TryAddWithoutValidation("Accept", string.Join(", ", request.Accept));
        }

        if (request.Offset > 0)
        {
            message.Headers.Range = new RangeHeaderValue(request.Offset, null);
        }

        if (request.BodyType is { } type)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        var upload = request.Content?.Invoke();
        message.Content ??= upload;
        message.Headers.ExpectContinue = upload is { IsLarge: true } ? true : null;
        try
        {
            return await GuardAsync(request, address, () => SendAsync(message, upload, _transports.For(host, isUpload: upload is not null), cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException stalled) when (stalled.Failure == BuildxFailure.TimedOut && upload is { IsUnderWay: true })
        {
            // It takes no more bytes. What it has, it may say over another connection.
            throw new RetryableException(stalled);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, UploadContent? upload, HttpMessageInvoker transport, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(_options.Limits.Answer);
        if (upload is not null)
        {
            upload.Bound = timer.CancelAfter;
        }

        try
        {
            var response = await transport.SendAsync(message, timer.Token).ConfigureAwait(false);
            _options.Log?.Invoke($"{message.Method} {RegistryFailures.Redact(message.RequestUri!)}: {RegistryFailures.Status(response)}");
            return response;
        }
        catch (Exception) when (upload?.SourceFailure is not null)
        {
            ExceptionDispatchInfo.Throw(upload.SourceFailure);
            throw;
        }
        finally
        {
            await (upload?.StopAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        }
    }

    private static async Task<T> GuardAsync<T>(RegistryRequest request, Uri address, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw RegistryFailures.FromException(request.Host.Name, address, error);
        }
    }

    private async Task<RegistryErrorBody> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using (response)
        {
            try
            {
                return RegistryErrorBody.Parse(await BoundedBody.ReadUpToAsync(
                    response.Content, _options.Limits.ErrorBytes, _options.Limits.SmallBody, cancellationToken).ConfigureAwait(false));
            }
            catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException)
            {
                // The status is the news; words that did not arrive are not missed.
                return RegistryErrorBody.Empty;
            }
        }
    }
}
