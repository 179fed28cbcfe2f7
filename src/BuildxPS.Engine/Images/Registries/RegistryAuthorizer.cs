using System.Collections.Concurrent;
using System.Net.Http.Headers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>Logins for one registry: answers its challenges, and keeps tokens until they end.</summary>
internal sealed class RegistryAuthorizer(RegistryHost host, RegistryClientOptions options, TokenService tokens)
{
    private readonly ConcurrentDictionary<string, TokenSlot> _slots = new(StringComparer.Ordinal);
    private volatile Challenge? _challenge;
    private volatile RegistryCredential? _lastCredential;

    /// <summary>Which login was last used, in words and without secrets.</summary>
    public string Login => _lastCredential is { IsEmpty: false } credential
        ? credential.Description
        : $"an anonymous user (no login for {host.Name} was found)";

    /// <summary>The header for a request, if it is known by now that one is wanted.</summary>
    /// <param name="scope">What the request needs.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The header; null to ask without one.</returns>
    public async ValueTask<AuthenticationHeaderValue?> AuthorizeAsync(string scope, CancellationToken cancellationToken)
        => _challenge is { } known ? await HeaderAsync(known, scope, scope, null, cancellationToken).ConfigureAwait(false) : null;

    /// <summary>Answers a refusal.</summary>
    /// <param name="challenges">What the registry asks for.</param>
    /// <param name="scheme">How it is spoken to.</param>
    /// <param name="scope">What the request needs.</param>
    /// <param name="rejected">The header that was refused; null if there was none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A header to try once more with; null if there is no other.</returns>
    public async ValueTask<AuthenticationHeaderValue?> AnswerAsync(
        IReadOnlyList<AuthenticateChallenge> challenges, string scheme, string scope, AuthenticationHeaderValue? rejected, CancellationToken cancellationToken)
    {
        var chosen = challenges.FirstOrDefault(c => c.IsBearer && c.Parameter("realm") is { Length: > 0 }) ?? challenges.FirstOrDefault(c => c.IsBasic);
        if (chosen is null || (chosen.IsBasic && rejected is not null))
        {
            return null;
        }

        var challenge = new Challenge(chosen, scheme);
        _challenge = challenge;
        var asked = chosen.Parameter("scope") is { Length: > 0 } s ? Join(s, scope) : scope;
        return await HeaderAsync(challenge, scope, asked, rejected?.Parameter, cancellationToken).ConfigureAwait(false);
    }

    // A registry names what it misses for a request, and of two repositories some name only the one that is written to.
    private static string Join(string stated, string scope)
        => scope.Contains(' ', StringComparison.Ordinal)
            ? string.Join(' ', stated.Split(' ').Concat(scope.Split(' ').Where(own => !stated.Contains(own[..(own.LastIndexOf(':') + 1)], StringComparison.Ordinal))))
            : stated;

    private async ValueTask<AuthenticationHeaderValue?> HeaderAsync(
        Challenge challenge, string scope, string asked, string? rejected, CancellationToken cancellationToken)
    {
        if (challenge.Value.IsBasic)
        {
            var credential = await FindAsync(scope, cancellationToken).ConfigureAwait(false);
            return credential is { Username.Length: > 0, Password.Length: > 0 } ? TokenService.BasicHeader(credential) : null;
        }

        var slot = _slots.GetOrAdd(scope, static _ => new TokenSlot());
        await slot.Lock.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Whoever comes second finds the first one's token, unless it is the one that was just refused.
            if (slot.Token is not { } token || !token.IsUsable(DateTimeOffset.UtcNow) || token.Value == rejected)
            {
                slot.Token = null;
                var credential = await FindAsync(scope, cancellationToken).ConfigureAwait(false);
                token = await tokens.GetAsync(
                    host, challenge.Scheme, challenge.Value.Parameter("realm"), challenge.Value.Parameter("service") ?? "", asked, credential, cancellationToken).ConfigureAwait(false);
                slot.Token = token;
            }

            return new AuthenticationHeaderValue("Bearer", token.Value);
        }
        finally
        {
            slot.Lock.Release();
        }
    }

    private async ValueTask<RegistryCredential?> FindAsync(string scope, CancellationToken cancellationToken)
    {
        var credential = options.Credentials is { } source
            ? await source.GetAsync(host.Authority, [scope], cancellationToken).ConfigureAwait(false)
            : null;
        _lastCredential = credential;
        return credential;
    }

    private sealed record Challenge(AuthenticateChallenge Value, string Scheme);

    private sealed class TokenSlot
    {
        public SemaphoreSlim Lock { get; } = new(1, 1);

        public RegistryToken? Token { get; set; }
    }
}
