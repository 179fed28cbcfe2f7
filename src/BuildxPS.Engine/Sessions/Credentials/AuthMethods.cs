using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>What a session serves of the service <c>moby.filesync.v1.Auth</c>.</summary>
internal static class AuthMethods
{
    /// <summary>The methods for a source of logins.</summary>
    /// <param name="credentials">Where logins come from; null serves nothing, and engines then pull and push anonymously.</param>
    /// <param name="log">Told what was handed out, without secrets; null tells no one.</param>
    /// <returns>The methods.</returns>
    public static IEnumerable<ISessionMethod> For(ICredentialSource? credentials, Action<string>? log = null)
        => credentials is null ? [] : [new CredentialsMethod(credentials, log), .. TokenAuthorityMethod.All];
}
