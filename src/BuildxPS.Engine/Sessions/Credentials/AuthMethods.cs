using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>What a session serves of the service <c>moby.filesync.v1.Auth</c>.</summary>
internal static class AuthMethods
{
    /// <summary>The methods for a source of logins.</summary>
    /// <param name="credentials">Where logins come from; null serves nothing, and engines then pull and push anonymously.</param>
    /// <param name="tokens">Fetches tokens on this side; null leaves that, and with it the password, to the engine.</param>
    /// <param name="onFailure">Told why a login or a token could not be had; null tells no one.</param>
    /// <returns>The methods.</returns>
    public static IEnumerable<ISessionMethod> For(ICredentialSource? credentials, ITokenSource? tokens = null, Action<BuildxException>? onFailure = null)
    {
        if (credentials is null)
        {
            yield break;
        }

        yield return new CredentialsMethod(credentials, tokens, onFailure);
        if (tokens is not null)
        {
            yield return new GetTokenAuthorityMethod(tokens, onFailure);
            yield return new VerifyTokenAuthorityMethod(tokens, onFailure);
            yield return new FetchTokenMethod(tokens, onFailure);
        }
    }
}
