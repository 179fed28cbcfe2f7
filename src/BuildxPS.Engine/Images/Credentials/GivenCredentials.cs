using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Credentials;

/// <summary>Logins that the user gave for single registries; all other registries have those that are stored.</summary>
public sealed class GivenCredentials : ICredentialSource
{
    private const string Hub = "docker.io";

    private readonly Dictionary<string, RegistryCredential> _logins;
    private readonly ICredentialSource _stored;

    /// <summary>Takes logins.</summary>
    /// <param name="logins">By registry, as image references name it.</param>
    /// <param name="stored">What counts for all others.</param>
    public GivenCredentials(IReadOnlyDictionary<string, RegistryCredential> logins, ICredentialSource stored)
    {
        ArgumentNullException.ThrowIfNull(logins);
        _logins = new(logins, StringComparer.OrdinalIgnoreCase);
        _stored = stored;
    }

    /// <inheritdoc/>
    public ValueTask<RegistryCredential?> GetAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
        => Find(host) is { } given
            ? ValueTask.FromResult<RegistryCredential?>(given)
            : _stored.GetAsync(host, scopes, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<byte[]?> FingerprintAsync(string host, CancellationToken cancellationToken)
        => Find(host) is { } given ? ValueTask.FromResult(given.Fingerprint()) : _stored.FingerprintAsync(host, cancellationToken);

    private RegistryCredential? Find(string host)
        => _logins.GetValueOrDefault(host is "registry-1.docker.io" or "index.docker.io" ? Hub : host);
}
