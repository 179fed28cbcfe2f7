using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Content;
using BuildxPS.Engine.Sessions.Credentials;
using BuildxPS.Engine.Sessions.Files.Receiving;
using BuildxPS.Engine.Sessions.Files.Sending;
using BuildxPS.Engine.Sessions.Secrets;
using BuildxPS.Engine.Sessions.Ssh;
using BuildxPS.Engine.Sessions.Uploads;

namespace BuildxPS.Engine.Sessions;

/// <summary>The methods that serve a build's services.</summary>
internal static class SessionMethods
{
    /// <summary>Makes the methods.</summary>
    /// <param name="services">What this client serves.</param>
    /// <returns>
    /// The methods. Both file methods are always there: an engine that misses one hangs instead of failing.
    /// </returns>
    public static SessionServices For(BuildServices services)
    {
        var outputs = new FileSendMethod(services.Outputs, services.OnFailure);
        return new SessionServices(
            [
                new FileSyncMethod(services.Sources, services.OnFailure),
                outputs,
                .. services.Uploads.Count > 0 ? [new UploadMethod(services.Uploads, services.OnFailure)] : Array.Empty<ISessionMethod>(),
                .. AuthMethods.For(services.Credentials, services.Tokens, services.OnLoginFailure),
                .. services.Secrets is { } secrets ? [new GetSecretMethod(secrets, services.OnFailure)] : Array.Empty<ISessionMethod>(),
                .. services.SshAgents is { } agents ? [new CheckAgentMethod(agents), new ForwardAgentMethod(agents)] : Array.Empty<ISessionMethod>(),
                .. ContentMethods.For(services.ContentStores, services.OnContentFailure),
            ],
            () => outputs.AreAwaited);
    }
}
