namespace BuildxPS.Engine.Engines;

/// <summary>
/// Fetches registries' tokens on this side, so that an engine gets a token for what it is about to do and never the
/// password behind it.
/// </summary>
public interface ITokenSource
{
    /// <summary>What stands for this machine and its login at a registry, without giving away either.</summary>
    /// <param name="host">The registry, as engines name it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// 32 bytes, the same as long as the login is; null where no token is fetched here: there is no login, or the user
    /// said so.
    /// </returns>
    /// <exception cref="BuildxException">As <see cref="ICredentialSource.GetAsync(string, IReadOnlyList{string}, CancellationToken)"/>.</exception>
    ValueTask<byte[]?> FindIdentityAsync(string host, CancellationToken cancellationToken);

    /// <summary>Whether the registry can be asked from here, and gives access by tokens.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether <see cref="FetchAsync"/> has a chance.</returns>
    ValueTask<bool> CanFetchAsync(string host, CancellationToken cancellationToken);

    /// <summary>Fetches a token.</summary>
    /// <param name="request">What the engine wants. It is not trusted: a login goes only where the registry itself sends those who ask for a token.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The token, and how long the engine may use it.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.RegistryUnauthorized"/> and the other failures of registries.</exception>
    ValueTask<(string Token, TimeSpan Life)> FetchAsync(TokenRequest request, CancellationToken cancellationToken);
}
