using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Gets bearer tokens from the service that a registry names (distribution, "Token Authentication" and "OAuth2 Token
/// Authentication"). The registry chooses that address, so it is checked before a password goes there.
/// </summary>
internal sealed class TokenService(RegistryClientOptions options, RegistryTransports transports)
{
    private const string ClientId = "buildx-powershell";
    private static readonly TimeSpan s_shortestLife = TimeSpan.FromSeconds(60);

    /// <summary>Gets a token.</summary>
    /// <param name="registry">The registry that it is for.</param>
    /// <param name="registryScheme">How the registry itself is spoken to.</param>
    /// <param name="realm">The token service's address, as its bearer challenge has it.</param>
    /// <param name="service">What the registry is to that service, as the challenge has it; empty for nothing.</param>
    /// <param name="scope">What is wanted, with a space between one thing and the next.</param>
    /// <param name="credential">The login; null asks anonymously.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The token.</returns>
    public async Task<RegistryToken> GetAsync(
        RegistryHost registry, string registryScheme, string? realm, string service, string scope, RegistryCredential? credential, CancellationToken cancellationToken)
    {
        if (credential is { RegistryToken: { Length: > 0 } given })
        {
            return new RegistryToken(CheckToken(registry, given), null);
        }

        var address = CheckRealm(registry, registryScheme, realm);
        if (credential is not { IsEmpty: false })
        {
            return await SendAsync(registry, credential, Get(address, service, scope, null), cancellationToken).ConfigureAwait(false);
        }

        // Docker asks for such a token so, and a service that gives one to POST alone gives it to no login of docker's.
        if (options.IdentityToken is not null)
        {
            return await SendAsync(registry, credential, Get(address, service, scope, credential, isOffline: true), cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await SendAsync(registry, credential, Post(address, service, scope, credential), cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRefusedException refused) when (credential.Username.Length > 0 && string.IsNullOrEmpty(credential.IdentityToken) && IsWithoutPost(refused.Status))
        {
            return await SendAsync(registry, credential, Get(address, service, scope, credential), cancellationToken).ConfigureAwait(false);
        }
    }

    // Services without OAuth2 answer 404 or 405 to POST; some registries answer 400 or 401, and take the same user by GET.
    private static bool IsWithoutPost(HttpStatusCode status)
        => status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized;

    private Uri CheckRealm(RegistryHost registry, string registryScheme, string? realm)
    {
        if (!Uri.TryCreate(realm, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http") || address.UserInfo.Length > 0)
        {
            throw Refused(registry, $"it names no usable token service ('{DisplayText.Line(realm, 200)}')", "Ask who runs the registry: the realm in its WWW-Authenticate header is wrong.");
        }

        // Over plain http only where the registry itself is, and only to a host that the user would also speak plain http to.
        if (address.Scheme == Uri.UriSchemeHttp && !(registryScheme == Uri.UriSchemeHttp && registry.TrustsPlainHttpTo(address, options.Trust)))
        {
            throw Refused(
                registry,
                $"its token service {RegistryFailures.Redact(address)} is on plain http, so a password or token could be read on the way",
                registryScheme == Uri.UriSchemeHttp
                    ? $"If you trust the network in between, name the service too: -InsecureRegistry {registry.Authority}, {address.Authority}."
                    : "Ask who runs the registry to put its token service on https.");
        }

        return address;
    }

    private static HttpRequestMessage Get(Uri realm, string service, string scope, RegistryCredential? credential, bool isOffline = false)
    {
        var query = new StringBuilder(realm.Query.TrimStart('?'));
        IEnumerable<(string Name, string Value)> offline = isOffline ? [("offline_token", "true"), ("client_id", ClientId)] : [];
        foreach (var (name, value) in scope.Split(' ').Select(s => ("scope", s)).Prepend(("service", service)).Concat(offline))
        {
            if (value.Length > 0)
            {
                query.Append(query.Length > 0 ? "&" : "").Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(realm) { Query = query.ToString(), Fragment = "" }.Uri);
        request.Headers.Authorization = credential is null ? null : BasicHeader(credential);
        return request;
    }

    private static HttpRequestMessage Post(Uri realm, string service, string scope, RegistryCredential credential)
    {
        var form = new List<KeyValuePair<string, string>> { new("client_id", ClientId), new("service", service), new("scope", scope) };
        form.AddRange(string.IsNullOrEmpty(credential.IdentityToken)
            ? [new("grant_type", "password"), new("username", credential.Username), new("password", credential.Password)]
            : [new("grant_type", "refresh_token"), new("refresh_token", credential.IdentityToken)]);
        return new HttpRequestMessage(HttpMethod.Post, realm) { Content = new FormUrlEncodedContent(form) };
    }

    /// <summary>The header for a user with a password.</summary>
    public static AuthenticationHeaderValue BasicHeader(RegistryCredential credential)
        => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.Username}:{credential.Password}")));

    private async Task<RegistryToken> SendAsync(RegistryHost registry, RegistryCredential? credential, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri!;
        var host = RegistryHost.Create(address.Authority, options.Trust);
        using (request)
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            request.Headers.UserAgent.Add(RegistryPipeline.UserAgent);
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timer.CancelAfter(options.Limits.Answer);
            try
            {
                using var response = await transports.For(host).SendAsync(request, timer.Token).ConfigureAwait(false);
                options.Log?.Invoke($"{request.Method} {RegistryFailures.Redact(address)}: {RegistryFailures.Status(response)}");
                return response.IsSuccessStatusCode
                    ? await ReadAsync(registry, response, cancellationToken).ConfigureAwait(false)
                    : throw await FailureAsync(registry, credential, response, address, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException
                || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                throw RegistryFailures.FromException($"{registry.Name} (its token service)", address, error);
            }
        }
    }

    private async Task<Exception> FailureAsync(
        RegistryHost registry, RegistryCredential? credential, HttpResponseMessage response, Uri address, CancellationToken cancellationToken)
    {
        var body = RegistryErrorBody.Parse(await BoundedBody.ReadUpToAsync(
            response.Content, options.Limits.ErrorBytes, options.Limits.SmallBody, cancellationToken).ConfigureAwait(false));
        var said = $"{RegistryFailures.Status(response)}{(body.Text.Length == 0 ? "" : $" ({body.Text})")}";
        var who = credential is { IsEmpty: false } ? credential.Description : "anonymous users";
        if (RegistryFailures.IsPassing(response.StatusCode))
        {
            return new RetryableException(
                new BuildxException(
                    BuildxFailure.RegistryError,
                    $"The token service of the registry {registry.Name} cannot answer at the moment: {said}.",
                    "Try again later; if it stays, ask who runs the registry.")
                { IsTransient = true },
                RegistryFailures.RetryAfter(response));
        }

        return (int)response.StatusCode is >= 300 and < 400
            ? Refused(registry, $"its token service {RegistryFailures.Redact(address)} answers with a redirect, which is not followed with a login", "Ask who runs the registry: the realm in its WWW-Authenticate header must be the service's own address.")
            : new TokenRefusedException(
                $"The token service of the registry {registry.Name} gave no token to {who}: {said}.",
                $"Log in with '{registry.LoginCommand}', and check that the password or token is still valid.",
                response.StatusCode);
    }

    private async Task<RegistryToken> ReadAsync(RegistryHost registry, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        const string Advice = "Ask who runs the registry: its token service is not a container registry's.";
        var bytes = await BoundedBody.ReadAsync(
            response.Content,
            options.Limits.TokenBytes,
            options.Limits.SmallBody,
            () => Refused(registry, "its token service sent more than a token", Advice),
            cancellationToken).ConfigureAwait(false);
        try
        {
            using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            var token = Text(json.RootElement, "access_token") ?? Text(json.RootElement, "token")
                ?? throw Refused(registry, "its token service sent no token", Advice);

            if (options.IdentityToken is { } keep && Text(json.RootElement, "refresh_token") is { } lasting)
            {
                keep(CheckToken(registry, lasting));
            }

            // By our own clock from now on: the service's idea of the time may differ.
            var life = json.RootElement.TryGetProperty("expires_in", out var expires) && expires.TryGetInt32(out var seconds) && seconds > 0
                ? TimeSpan.FromSeconds(seconds)
                : s_shortestLife;
            return new RegistryToken(CheckToken(registry, token), DateTimeOffset.UtcNow + (life * 0.9) - TimeSpan.FromSeconds(2));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Refused(registry, "its token service did not send JSON", Advice);
        }
    }

    private static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    // It becomes a header of the next request: nothing in it may end that header and start another.
    private static string CheckToken(RegistryHost registry, string token)
        => token.All(c => c is > ' ' and < '\x7f') ? token
            : throw Refused(registry, "its token has characters that no token may have", "Log in again; if that does not help, ask who runs the registry.");

    private static BuildxException Refused(RegistryHost registry, string problem, string advice) => new(
        BuildxFailure.RegistryError, $"The registry {registry.Name} asks for a login in a way that is not accepted: {problem}.", advice);

    private sealed class TokenRefusedException(string message, string advice, HttpStatusCode status)
        : BuildxException(BuildxFailure.RegistryUnauthorized, message, advice)
    {
        public HttpStatusCode Status => status;
    }
}
