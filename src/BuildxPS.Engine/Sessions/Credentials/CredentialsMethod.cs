using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>Gives the engine the login for a registry that it wants to pull from or push to.</summary>
/// <param name="source">Where logins come from.</param>
/// <param name="onFailure">Told why no login could be looked up; null tells no one.</param>
internal sealed class CredentialsMethod(ICredentialSource source, Action<BuildxException>? onFailure) : ISessionMethod
{
    /// <inheritdoc/>
    public string Path => "/moby.filesync.v1.Auth/Credentials";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var host = AuthCall.CheckHost((await AuthCall.ReadAsync(call, CredentialsRequest.Parser).ConfigureAwait(false)).Host);
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
