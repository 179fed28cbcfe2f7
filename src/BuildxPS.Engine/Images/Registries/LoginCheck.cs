using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>Tries a login at a registry: the request that every registry answers, with it (distribution specification, "Determining Support").</summary>
internal static class LoginCheck
{
    private const string Path = "/v2/";

    /// <summary>Tries a login.</summary>
    /// <param name="registry">The registry's host.</param>
    /// <param name="login">The login.</param>
    /// <param name="options">How the registry is spoken to; its own logins do not count.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether the registry asked for a login at all, and the long-lived token that it gave for this one, if it does that.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.RegistryUnauthorized"/>: it was refused; and the other failures of registries.</exception>
    public static async Task<(bool WasAsked, string? IdentityToken)> RunAsync(
        string registry, RegistryCredential login, RegistryClientOptions options, CancellationToken cancellationToken)
    {
        var given = new GivenLogin(login);
        string? identityToken = null;
        using var pipeline = new RegistryPipeline(options with { Credentials = given, IdentityToken = token => identityToken = token });
        var request = new RegistryRequest { Host = RegistryHost.Create(registry, options.Trust), Path = Path, Scope = "", Subject = Path };
        try
        {
            await pipeline.SendAsync(request, static (_, _) => Task.FromResult(true), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.RegistryUnauthorized)
        {
            throw new BuildxException(
                e.Failure,
                e.Message,
                "Check the user's name and the password; many registries want an access token in its place, and those of users with two factors always do. Nothing was stored.",
                e);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.ImageNotFound)
        {
            throw new BuildxException(
                BuildxFailure.RegistryError,
                $"What answers at {registry} is no container registry: it has nothing at {Path}.",
                "Check the host and the port. Nothing was stored.",
                e);
        }

        return (given.WasAsked, identityToken);
    }

    /// <summary>The one login that is tried, and for no other host.</summary>
    private sealed class GivenLogin(RegistryCredential login) : ICredentialSource
    {
        private int _asked;

        public bool WasAsked => Volatile.Read(ref _asked) > 0;

        public ValueTask<RegistryCredential?> GetAsync(string host, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            return new ValueTask<RegistryCredential?>(login);
        }
    }
}
