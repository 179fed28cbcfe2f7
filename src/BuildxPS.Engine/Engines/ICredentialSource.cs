namespace BuildxPS.Engine.Engines;

/// <summary>Where logins for registries come from.</summary>
public interface ICredentialSource
{
    /// <summary>Finds the login for a registry.</summary>
    /// <param name="host">The registry, as engines name it: <c>registry-1.docker.io</c>, <c>localhost:5000</c>.</param>
    /// <param name="scopes">What it is wanted for (<c>repository:library/alpine:pull</c>), where that is known; a login may be kept for one repository only.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The login; null where there is none, which means anonymous.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> or <see cref="BuildxFailure.CredentialHelperFailed"/>.</exception>
    ValueTask<RegistryCredential?> GetAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken);

    /// <summary>Finds the login for a registry, whatever it is wanted for.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The login; null where there is none.</returns>
    ValueTask<RegistryCredential?> GetAsync(string host, CancellationToken cancellationToken) => GetAsync(host, [], cancellationToken);

    /// <summary>What tells all logins for a registry, also those for some repositories or rights only, from others.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A hash, never to leave this process; null where there is no login at all.</returns>
    /// <exception cref="BuildxException">As <see cref="GetAsync(string, IReadOnlyList{string}, CancellationToken)"/>.</exception>
    async ValueTask<byte[]?> FingerprintAsync(string host, CancellationToken cancellationToken)
        => (await GetAsync(host, [], cancellationToken).ConfigureAwait(false))?.Fingerprint();
}
