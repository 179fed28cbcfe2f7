using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>Turns what went wrong with a registry into failures that a user can act on.</summary>
internal static class RegistryFailures
{
    /// <summary>A status that is not success.</summary>
    /// <param name="request">The request.</param>
    /// <param name="address">Where the answer came from.</param>
    /// <param name="response">The answer.</param>
    /// <param name="body">What it says.</param>
    /// <param name="login">Which login was used, in words.</param>
    /// <returns>The failure.</returns>
    public static Exception FromStatus(RegistryRequest request, Uri address, HttpResponseMessage response, RegistryErrorBody body, string login)
    {
        var status = (int)response.StatusCode;
        var answered = $"{request.Method} {Redact(address)} was answered {Status(response)}{Said(body)}";
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => Unauthorized(request, response, body, login),
            HttpStatusCode.NotFound => NotFound(request, body),
            HttpStatusCode.MethodNotAllowed when request.Writes => new RegistryRefusedException(
                response.StatusCode,
                $"The registry {request.Host.Name} takes no images: {answered}.",
                "It may be a mirror, or be set to read-only: push to the registry that it stands before."),
            _ when IsPassing(response.StatusCode) => new RetryableException(
                new BuildxException(
                    BuildxFailure.RegistryError,
                    $"The registry {request.Host.Name} cannot answer for '{request.Subject}' at the moment: {answered}.",
                    status == 429
                        ? "The registry limits how much it is asked. Wait and try again; users who are logged in are often allowed more."
                        : "Try again later; if it stays, ask who runs the registry.")
                { IsTransient = true },
                RetryAfter(response)),
            HttpStatusCode.BadRequest when address.Scheme == Uri.UriSchemeHttp && body.Raw.Contains("HTTPS", StringComparison.Ordinal) => new BuildxException(
                BuildxFailure.RegistryHttpsRequired,
                $"The registry {request.Host.Name} speaks https, and was asked over plain http: {answered}.",
                $"Leave {request.Host.Name} out of -InsecureRegistry; for a certificate that this machine does not trust, name its authority with -RegistryCa."),
            _ => new RegistryRefusedException(
                response.StatusCode,
                $"The registry {request.Host.Name} did not {Verb(request)} '{request.Subject}': {answered}.",
                request.Writes && status is 400 or 415 or 422 && request.BodyType is { } type && MediaTypes.IsIndex(type)
                    ? "The registry may be too old for indexes of several platforms, or may refuse this media type: a registry that follows the OCI distribution specification 1.0 or newer takes them."
                    : $"Check that {request.Host.Name} is a container registry and that the reference is right.",
                request.Writes && response.StatusCode == HttpStatusCode.UnsupportedMediaType && request.BodyType is { } sent && MediaTypes.IsIndex(sent)
                    ? BuildxFailure.RegistryIndexRefused
                    : BuildxFailure.RegistryError),
        };
    }

    /// <summary>Something thrown while sending or reading.</summary>
    /// <param name="name">The registry or token service, as users know it.</param>
    /// <param name="address">Where the request went.</param>
    /// <param name="error">What was thrown.</param>
    /// <returns>The failure.</returns>
    public static Exception FromException(string name, Uri address, Exception error)
    {
        var where = Redact(address);
        if (Find<PlainHttpAnsweredException>(error) is not null)
        {
            return new BuildxException(
                BuildxFailure.RegistryPlainHttp,
                $"The registry {name} answers plain http to an https request ({where}).",
                $"If you trust the network in between, name it with -InsecureRegistry {address.Authority}; what is sent to it, passwords included, can then be read on the way.",
                error);
        }

        if (Find<CertificateRejectedException>(error) is { } rejected)
        {
            return new BuildxException(
                BuildxFailure.RegistryCertificateInvalid,
                $"The certificate of the registry {name} is not trusted: {rejected.Message} ({where}).",
                $"Give the certificate of the authority that signed it with -RegistryCa, or, for a test, skip the check with -SkipTlsVerify {address.Authority}.",
                error);
        }

        return error switch
        {
            TimeoutException or OperationCanceledException => new BuildxException(
                BuildxFailure.TimedOut,
                $"The registry {name} took too long: {(Find<TimeoutException>(error) is { } t ? t.Message : "no answer came in time.")} ({where})",
                "Check that the registry is up and that no firewall is in between, and try again.",
                error)
            { IsTransient = true },
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new BuildxException(
                BuildxFailure.NameNotResolved,
                $"The registry's host name '{address.Host}' could not be resolved on this machine ({where}).",
                "Check how the host is written, and this machine's name resolution (DNS, hosts file, VPN).",
                error)
            { IsTransient = Find<SocketException>(error)?.SocketErrorCode == SocketError.TryAgain },
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => Unreachable(
                name, where, Find<SocketException>(error)?.SocketErrorCode == SocketError.ConnectionRefused ? "the connection was refused" : DisplayText.Line(error.Message), error),
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => Unreachable(
                name, where, "the proxy gave no way through", error),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } or AuthenticationException => Unreachable(
                name, where, $"no secure connection could be agreed on ({DisplayText.Line(error.GetBaseException().Message)})", error),
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => new BuildxException(
                BuildxFailure.RegistryError,
                $"What answers for the registry {name} does not speak http ({where}).",
                "Check the port; a registry that speaks https must not be named with -InsecureRegistry.",
                error),
            HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => new BuildxException(
                BuildxFailure.RegistryError,
                $"The registry {name} sent a head that is too large ({where}).",
                $"Check that {name} is a container registry.",
                error),
            HttpRequestException or IOException => new RetryableException(new BuildxException(
                BuildxFailure.RegistryUnreachable,
                $"The connection to the registry {name} broke ({where}): {DisplayText.Line(error.GetBaseException().Message)}",
                "Try again; if it stays, look at the registry's log and at proxies in between.",
                error)
            { IsTransient = true }),
            _ => error,
        };
    }

    /// <summary>An address without what may be secret in it: user, password, query, fragment.</summary>
    public static string Redact(Uri address)
        => DisplayText.Line($"{address.Scheme}://{address.Authority}{address.AbsolutePath}");

    /// <summary>What a registry was asked to do with an image.</summary>
    public static string Verb(RegistryRequest request) => request.Writes ? "take" : "give";

    /// <summary>Whether a status may be another one a moment later.</summary>
    public static bool IsPassing(HttpStatusCode status)
        => status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or HttpStatusCode.InternalServerError
            or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    /// <summary>How long an answer asks to wait.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter is not { } after ? null : after.Delta ?? (after.Date - DateTimeOffset.UtcNow);
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    /// <summary>A status as people say it: <c>404 Not Found</c>.</summary>
    public static string Status(HttpResponseMessage response)
        => $"{(int)response.StatusCode} {DisplayText.Line(response.ReasonPhrase, 50)}".TrimEnd();

    private static string Said(RegistryErrorBody body) => body.Text.Length == 0 ? "" : $" ({body.Text})";

    private static BuildxException NotFound(RegistryRequest request, RegistryErrorBody body) => new(
        BuildxFailure.ImageNotFound,
        $"The registry {request.Host.Name} has no '{request.Subject}'{Said(body)}.",
        request.Writes
            ? "Check the repository's name; in some registries a repository or its project must be made before it can be pushed to."
            : "Check the repository's name and the tag, and that it was pushed to this registry.");

    private static BuildxException Unauthorized(RegistryRequest request, HttpResponseMessage response, RegistryErrorBody body, string login)
    {
        var challengeError = AuthenticateChallenge.Parse(response).Select(c => c.Parameter("error")).FirstOrDefault(e => e is not null);
        var reasons = string.Join("; ", new[] { DisplayText.Line(challengeError, 100), body.Text }.Where(t => t.Length > 0));
        return new BuildxException(
            BuildxFailure.RegistryUnauthorized,
            $"The registry {request.Host.Name} refused '{request.Subject}' to {login}: {Status(response)}{(reasons.Length == 0 ? "" : $" ({reasons})")}.",
            $"Log in with '{request.Host.LoginCommand}' as a user who may {(request.Writes ? "write to" : "read")} the repository. Many registries also answer so for a repository that does not exist.");
    }

    private static BuildxException Unreachable(string name, string where, string problem, Exception error) => new(
        BuildxFailure.RegistryUnreachable,
        $"The registry {name} cannot be reached: {problem} ({where}).",
        "Check the host and port, that the registry is up, and the way to it (VPN, firewall, HTTP_PROXY, HTTPS_PROXY, NO_PROXY).",
        error)
    { IsTransient = true };

    private static T? Find<T>(Exception? error)
        where T : Exception
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is T found)
            {
                return found;
            }
        }

        return null;
    }
}

/// <summary>A registry said no to a request, with a status that trying again does not change.</summary>
internal sealed class RegistryRefusedException : BuildxException
{
    /// <summary>Creates the failure.</summary>
    /// <param name="status">What it answered.</param>
    /// <param name="message">What was refused.</param>
    /// <param name="advice">What helps.</param>
    /// <param name="failure">Its id.</param>
    public RegistryRefusedException(HttpStatusCode status, string message, string advice, BuildxFailure failure = BuildxFailure.RegistryError)
        : base(failure, message, advice) => Status = status;

    /// <summary>What the registry answered.</summary>
    public HttpStatusCode Status { get; }
}
