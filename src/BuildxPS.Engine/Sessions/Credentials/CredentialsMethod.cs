using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>Gives the engine the login for a registry that it wants to pull from or push to, where no token can be fetched for it.</summary>
/// <param name="source">Where logins come from.</param>
/// <param name="tokens">Fetches tokens; null where that is left to the engine.</param>
/// <param name="onFailure">Told why no login could be looked up; null tells no one.</param>
internal sealed class CredentialsMethod(ICredentialSource source, ITokenSource? tokens, Action<BuildxException>? onFailure) : ISessionMethod
{
    private const string TokenVariable = "BUILDKIT_NO_CLIENT_TOKEN";

    /// <inheritdoc/>
    public string Path => "/moby.filesync.v1.Auth/Credentials";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var host = AuthCall.CheckHost((await AuthCall.ReadAsync(call, CredentialsRequest.Parser).ConfigureAwait(false)).Host);
        if (tokens is not null
            && await AuthCall.AskAsync(() => tokens.FindIdentityAsync(host, call.Aborted), onFailure).ConfigureAwait(false) is not null
            && await tokens.CanFetchAsync(host, call.Aborted).ConfigureAwait(false))
        {
            // Engines ask so to compare with a login that they have from another client, and go on without an answer.
            throw new SessionStatusException(
                StatusCode.FailedPrecondition,
                $"The login for {host} stays with the client, which fetches tokens. An engine that cannot ask for tokens (older than BuildKit 0.8) gets it with {TokenVariable}=1.");
        }

        var credential = await AuthCall.AskAsync(() => source.GetAsync(host, call.Aborted), onFailure).ConfigureAwait(false);
        await AuthCall.WriteAsync(call, Answer(credential)).ConfigureAwait(false);
    }

    private static CredentialsResponse Answer(RegistryCredential? credential) => credential switch
    {
        null => new CredentialsResponse(),
        { IdentityToken.Length: > 0 } => new CredentialsResponse { Secret = credential.IdentityToken },
        _ => new CredentialsResponse { Username = credential.Username, Secret = credential.Password },
    };
}
