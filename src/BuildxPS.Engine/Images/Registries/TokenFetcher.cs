using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// Fetches for engines the tokens that registries ask for. An engine is not believed where a password may go: the registry
/// is asked by this client, too, and a login goes to the token service that it names, as everywhere else.
/// </summary>
internal sealed class TokenFetcher : ITokenSource, IDisposable
{
    private const string OffVariable = "BUILDKIT_NO_CLIENT_TOKEN";
    private const string OffAdvice = $"or have the engine fetch tokens, which gives it the password: set {OffVariable}=1.";
    private static readonly TimeSpan s_endless = TimeSpan.FromMinutes(1);

    private readonly RegistryClientOptions _options;
    private readonly ICredentialSource _credentials;
    private readonly TokenSeeds _seeds;
    private readonly RegistryTransports _transports;
    private readonly TokenService _tokens;
    private readonly ConcurrentDictionary<string, Lazy<Task<Challenge?>>> _challenges = new(StringComparer.Ordinal);

    /// <summary>Creates it. Nothing is contacted yet.</summary>
    /// <param name="options">How registries are spoken to; a build waits, so the bounds of waits are this object's own.</param>
    public TokenFetcher(RegistryClientOptions options)
    {
        _options = options with
        {
            Trust = options.Trust.With(DockerCertificates.List(options.Environment)),
            Limits = options.Limits with { Connect = TimeSpan.FromSeconds(5), Answer = TimeSpan.FromSeconds(15) },
        };
        _credentials = options.Credentials ?? throw new ArgumentException("Logins are what tokens are fetched with.", nameof(options));
        _seeds = new TokenSeeds(options.Environment);
        _transports = new RegistryTransports(_options);
        _tokens = new TokenService(_options, _transports);
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]?> FindIdentityAsync(string host, CancellationToken cancellationToken)
    {
        if (GoText.Boolean(_options.Environment[OffVariable] ?? "") == true || !await _credentials.HasAnyAsync(host, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        // Another user's key is another one, so that no engine gives one the tokens of the other.
        var login = await _credentials.GetAsync(host, cancellationToken).ConfigureAwait(false);
        var text = Encoding.UTF8.GetBytes(string.Join('\0', login?.Username, login?.Password, login?.IdentityToken, login?.RegistryToken));
        var identity = HMACSHA256.HashData(await _seeds.FindAsync(host, cancellationToken).ConfigureAwait(false), text);
        CryptographicOperations.ZeroMemory(text);
        return identity;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> CanFetchAsync(string host, CancellationToken cancellationToken)
        => await ChallengeOf(host).WaitAsync(cancellationToken).ConfigureAwait(false) is not null;

    /// <inheritdoc/>
    public async ValueTask<(string Token, TimeSpan Life)> FetchAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var registry = RegistryHost.Create(request.Host, _options.Trust);
        if (!await _credentials.HasAnyAsync(request.Host, cancellationToken).ConfigureAwait(false))
        {
            // Engines are told that there is no key for such a registry, so none asks; and no engine has this client call where it likes.
            throw Refused(registry, "there is no login for it", $"Log in with '{registry.LoginCommand}'.");
        }

        var login = await _credentials.GetAsync(request.Host, request.Scopes, cancellationToken).ConfigureAwait(false);
        var challenge = await ChallengeOf(request.Host).WaitAsync(cancellationToken).ConfigureAwait(false)
            ?? throw Refused(registry, "this client cannot ask it which token service it has", $"See that {registry.Name} can be reached from this machine, too, {OffAdvice}");
        if (!IsSameOrigin(challenge.Realm, request.Realm))
        {
            throw Refused(
                registry,
                $"the engine names the token service {DisplayText.Line(request.Realm, 200)}, and to this client the registry names {RegistryFailures.Redact(challenge.Realm)}",
                $"If both are right, as with two networks, have the engine fetch tokens, which gives it the password: set {OffVariable}=1. If not, do not use this engine.");
        }

        var token = await RegistryRetry.RunAsync(
            _options,
            cancellation => _tokens.GetAsync(registry, challenge.Scheme, request.Realm, request.Service, string.Join(' ', request.Scopes), login, cancellation),
            cancellationToken).ConfigureAwait(false);
        return (token.Value, token.UsableUntil - DateTimeOffset.UtcNow ?? s_endless);
    }

    /// <inheritdoc/>
    public void Dispose() => _transports.Dispose();

    private static bool IsSameOrigin(Uri one, string other)
        => Uri.TryCreate(other, UriKind.Absolute, out var address)
            && Uri.Compare(one, address, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static BuildxException Refused(RegistryHost registry, string reason, string advice) => new(
        BuildxFailure.RegistryUnauthorized, $"No token for the registry {registry.Name} was fetched for the engine: {reason}.", advice);

    // Once for all that the engine wants of a registry, and whoever waits first giving up must not fail the others.
    private Task<Challenge?> ChallengeOf(string host) => _challenges.GetOrAdd(host, h => new Lazy<Task<Challenge?>>(() => AskAsync(RegistryHost.Create(h, _options.Trust)))).Value;

    private async Task<Challenge?> AskAsync(RegistryHost registry)
    {
        foreach (var scheme in registry.Schemes)
        {
            try
            {
                using var timer = new CancellationTokenSource(_options.Limits.Answer);
                using var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://{registry.Authority}/v2/");
                request.Headers.UserAgent.Add(RegistryPipeline.UserAgent);
                using var response = await _transports.For(registry).SendAsync(request, timer.Token).ConfigureAwait(false);
                if (response.StatusCode == HttpStatusCode.Unauthorized)
                {
                    return AuthenticateChallenge.Parse(response).FirstOrDefault(c => c.IsBearer)?.Parameter("realm") is { } realm
                        && Uri.TryCreate(realm, UriKind.Absolute, out var address)
                        ? new Challenge(scheme, address)
                        : null;
                }
            }
            catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException or OperationCanceledException or BuildxException)
            {
                // The engine may see the registry where this client does not: it then asks for the login.
                _options.Log?.Invoke($"The registry {registry.Name} was not asked for its token service over {scheme}: {DisplayText.Line(error.Message)}");
            }
        }

        return null;
    }

    private sealed record Challenge(string Scheme, Uri Realm);
}
