using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>Which token service a registry names to whoever asks without a login: for itself, and where that differs for a repository.</summary>
internal sealed partial class TokenChallenges : IDisposable
{
    private const string Root = "/v2/";
    private const int MaxKept = 200;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(8);

    private readonly RegistryClientOptions _options;
    private readonly RegistryTransports _transports;
    private readonly ConcurrentDictionary<string, Lazy<Task<TokenChallenge?>>> _known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<bool>>> _usable = new(StringComparer.Ordinal);

    /// <summary>Creates it. Nothing is asked yet.</summary>
    /// <param name="options">How registries are spoken to.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> for a proxy variable that is no address.</exception>
    public TokenChallenges(RegistryClientOptions options)
    {
        _options = options;
        _transports = new RegistryTransports(options);
        Tokens = new TokenService(options, _transports);
    }

    /// <summary>Gets tokens.</summary>
    public TokenService Tokens { get; }

    /// <summary>
    /// Whether the registry can be asked from here and its token service gives tokens here. It is tried: once an engine was told
    /// that it need not have the login, nothing leads back.
    /// </summary>
    /// <param name="registry">The registry.</param>
    /// <param name="login">The login to try with; null for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it is so. A login that is refused is not for the engine to try again.</returns>
    public Task<bool> IsUsableAsync(RegistryHost registry, RegistryCredential? login, CancellationToken cancellationToken)
        => _usable.GetOrAdd(registry.Authority, _ => new Lazy<Task<bool>>(() => TryAsync(registry, login))).Value.WaitAsync(cancellationToken);

    /// <summary>Finds the challenge that an engine says it got.</summary>
    /// <param name="registry">The registry.</param>
    /// <param name="request">What the engine says.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The registry's challenge, which names the same service; null where it names another.</returns>
    public async Task<TokenChallenge?> FindAsync(RegistryHost registry, TokenRequest request, CancellationToken cancellationToken)
    {
        if (await AskAsync(registry, Root, cancellationToken).ConfigureAwait(false) is { } general && general.Is(request))
        {
            return general;
        }

        // Some registries have a service for each repository.
        var repository = request.Scopes.Select(s => Repository().Match(s)).FirstOrDefault(m => m.Success)?.Groups[1].Value;
        return repository is not null && _known.Count < MaxKept
            && await AskAsync(registry, $"{Root}{repository}/tags/list", cancellationToken).ConfigureAwait(false) is { } own && own.Is(request)
            ? own
            : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _transports.Dispose();

    // Once for all that an engine wants of a registry, and whoever waits first giving up must not fail the others.
    private Task<TokenChallenge?> AskAsync(RegistryHost registry, string path, CancellationToken cancellationToken)
        => _known.GetOrAdd(registry.Authority + path, _ => new Lazy<Task<TokenChallenge?>>(() => AskAsync(registry, path))).Value.WaitAsync(cancellationToken);

    private async Task<bool> TryAsync(RegistryHost registry, RegistryCredential? login)
    {
        if (await AskAsync(registry, Root, CancellationToken.None).ConfigureAwait(false) is not { } challenge)
        {
            return false;
        }

        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            _ = await Tokens.GetAsync(registry, challenge.Scheme, challenge.Realm, challenge.Service, "", login, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (BuildxException error) when (error.Failure == BuildxFailure.RegistryUnauthorized)
        {
            return true;
        }
        catch (Exception error) when (error is BuildxException or RetryableException or OperationCanceledException)
        {
            _options.Log?.Invoke($"The token service of the registry {registry.Name} gives this client no tokens: {DisplayText.Line(error.Message)}");
            return false;
        }
    }

    private async Task<TokenChallenge?> AskAsync(RegistryHost registry, string path)
    {
        using var limit = new CancellationTokenSource(s_limit);
        for (var isSecond = false; ; isSecond = true)
        {
            foreach (var scheme in registry.Schemes)
            {
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://{registry.Authority}{path}");
                    request.Headers.UserAgent.Add(RegistryPipeline.UserAgent);
                    using var response = await _transports.For(registry).SendAsync(request, limit.Token).ConfigureAwait(false);
                    if (response.StatusCode == HttpStatusCode.Unauthorized)
                    {
                        return TokenChallenge.Find(response, scheme);
                    }

                    if (!RegistryFailures.IsPassing(response.StatusCode))
                    {
                        continue;
                    }
                }
                catch (Exception error) when (error is HttpRequestException or IOException or TimeoutException or OperationCanceledException or BuildxException)
                {
                    // The engine may see the registry where this client does not: it then asks for the login.
                    _options.Log?.Invoke($"The registry {registry.Name} was not asked for its token service over {scheme}: {DisplayText.Line(error.Message)}");
                }
            }

            if (isSecond || limit.IsCancellationRequested)
            {
                return null;
            }
        }
    }

    [GeneratedRegex(@"^repository:([a-z0-9]+(?:[._/-]+[a-z0-9]+)*):")]
    private static partial Regex Repository();
}
