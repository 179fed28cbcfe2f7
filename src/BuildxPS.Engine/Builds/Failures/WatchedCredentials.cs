using System.Collections.Concurrent;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>Logins, and which registries they were asked for: what a refusal is explained by.</summary>
internal sealed class WatchedCredentials(ICredentialSource inner) : ICredentialSource
{
    private const int MaxHosts = 100;

    private readonly ConcurrentDictionary<string, string> _asked = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public async ValueTask<RegistryCredential?> GetAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        var credential = await inner.GetAsync(host, scopes, cancellationToken).ConfigureAwait(false);
        if (_asked.Count < MaxHosts)
        {
            _asked[host] = credential?.Description ?? "";
        }

        return credential;
    }

    /// <inheritdoc/>
    public ValueTask<byte[]?> FingerprintAsync(string host, CancellationToken cancellationToken) => inner.FingerprintAsync(host, cancellationToken);

    /// <summary>Says which login a refused request had.</summary>
    /// <param name="error">The engine's error, which names the registry.</param>
    /// <param name="builder">The builder whose settings for registries a login needs, too; null where the engine is the docker daemon's own.</param>
    /// <returns>A sentence and what to do; null where no login was asked for.</returns>
    public (string Sentence, string Advice)? Explain(string error, string? builder = null)
    {
        // The longest name wins: registry:5000 is no part of what an error about my-registry:5000 means.
        var host = _asked.Keys.Where(h => error.Contains(h, StringComparison.Ordinal)).MaxBy(h => h.Length)
            ?? (_asked.Count == 1 ? _asked.Keys.First() : null);
        if (host is null)
        {
            return null;
        }

        var login = host == "registry-1.docker.io" ? "Connect-BuildxRegistry"
            : builder is null ? $"Connect-BuildxRegistry {host}"
            : $"Connect-BuildxRegistry {host} -Builder {builder}";
        return _asked[host] is { Length: > 0 } description
            ? ($"The login for {host} was used ({description}).", $"Check that this user may push to (or pull from) the repository, and that the password is right: '{login}' replaces it. Registries also answer like this for images that do not exist.")
            : ($"There is no login for {host}, so the engine was anonymous.", $"Log in with '{login}' as a user who may push to (or pull from) the repository. Registries also answer like this for images that do not exist.");
    }
}
