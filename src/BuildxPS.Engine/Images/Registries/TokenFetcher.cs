using System.Security.Cryptography;
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
    private const int AtOnce = 6;
    private const int MaxTokens = 2000;

    // Engines give up after 30 seconds or more, in words that name no cause.
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_endless = TimeSpan.FromMinutes(1);

    private readonly RegistryClientOptions _options;
    private readonly bool _sharesLoopback;
    private readonly ICredentialSource _credentials;
    private readonly TokenSeeds _seeds;
    private readonly Lazy<TokenChallenges> _challenges;
    private readonly SemaphoreSlim _turns = new(AtOnce);
    private int _count;

    /// <summary>Creates it. Nothing is contacted yet.</summary>
    /// <param name="options">How registries are spoken to; a build waits, so the bounds of waits are this object's own.</param>
    /// <param name="sharesLoopback">Whether a loopback address is to the engine what it is here.</param>
    public TokenFetcher(RegistryClientOptions options, bool sharesLoopback)
    {
        _options = options with
        {
            Trust = options.Trust.With(DockerCertificates.List(options.Environment)),
            Limits = options.Limits with { Connect = TimeSpan.FromSeconds(5), Answer = TimeSpan.FromSeconds(15) },
        };
        _sharesLoopback = sharesLoopback;
        _credentials = options.Credentials ?? throw new ArgumentException("Logins are what tokens are fetched with.", nameof(options));
        _seeds = new TokenSeeds(options.Environment);

        // Not before a registry asks for a token: proxies that cannot be read are no matter to a build without one.
        _challenges = new Lazy<TokenChallenges>(() => new TokenChallenges(_options));
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]?> FindIdentityAsync(string host, CancellationToken cancellationToken)
    {
        if (GoText.Boolean(_options.Environment[OffVariable] ?? "") == true
            || (RegistryHost.Create(host, _options.Trust).IsLoopback && !_sharesLoopback)
            || await _credentials.FingerprintAsync(host, cancellationToken).ConfigureAwait(false) is not { } logins)
        {
            return null;
        }

        // Another user's key is another one, so that no engine gives one the tokens of the other.
        return HMACSHA256.HashData(await _seeds.FindAsync(host, cancellationToken).ConfigureAwait(false), logins);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> CanFetchAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            var registry = RegistryHost.Create(host, _options.Trust);
            return await _challenges.Value.IsUsableAsync(registry, await _credentials.GetAsync(host, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException error)
        {
            _options.Log?.Invoke($"No tokens are fetched for the registry {host}: {error.Message}");
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<(string Token, TimeSpan Life)> FetchAsync(TokenRequest request, CancellationToken cancellationToken)
    {
        var registry = RegistryHost.Create(request.Host, _options.Trust);
        if (Interlocked.Increment(ref _count) > MaxTokens)
        {
            throw Refused(registry, $"it asked for more than {MaxTokens} in one build", "Ask who runs the engine what it does with them.");
        }

        if (await FindIdentityAsync(request.Host, cancellationToken).ConfigureAwait(false) is null)
        {
            // Engines are told that there is no key for such a registry, so none asks; and no engine has this client call where it likes.
            throw Refused(registry, "there is no login for it", $"Log in with '{registry.LoginCommand}'.");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await FetchAsync(registry, request, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BuildxException(
                BuildxFailure.TimedOut,
                $"The token service of the registry {registry.Name} gave no token within {s_limit.TotalSeconds:0} seconds.",
                $"Try again, {OffAdvice}")
            { IsTransient = true };
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_challenges.IsValueCreated)
        {
            _challenges.Value.Dispose();
        }
    }

    private async Task<(string Token, TimeSpan Life)> FetchAsync(RegistryHost registry, TokenRequest request, CancellationToken cancellationToken)
    {
        var login = await _credentials.GetAsync(request.Host, request.Scopes, cancellationToken).ConfigureAwait(false);
        var challenge = await _challenges.Value.FindAsync(registry, request, cancellationToken).ConfigureAwait(false)
            ?? throw Refused(
                registry,
                $"the engine names the token service {DisplayText.Line(request.Realm, 200)} ({DisplayText.Line(request.Service, 100)}), and the registry names no such one to this client",
                $"See that this machine and the engine reach the same registry at {registry.Name}, {OffAdvice} Do not do that with an engine that you do not trust.");
        var token = await RegistryRetry.RunAsync(
            _options,
            cancellation => _challenges.Value.Tokens.GetAsync(registry, challenge.Scheme, challenge.Realm, challenge.Service, string.Join(' ', request.Scopes), login, cancellation),
            cancellationToken).ConfigureAwait(false);
        return (token.Value, token.UsableUntil - DateTimeOffset.UtcNow ?? s_endless);
    }

    private static BuildxException Refused(RegistryHost registry, string reason, string advice) => new(
        BuildxFailure.RegistryUnauthorized, $"No token for the registry {registry.Name} was fetched for the engine: {reason}.", advice);
}
