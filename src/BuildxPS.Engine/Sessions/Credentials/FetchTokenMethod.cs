using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>Fetches a token for the engine.</summary>
/// <param name="source">Fetches tokens.</param>
/// <param name="onFailure">Told why there is none; null tells no one.</param>
internal sealed class FetchTokenMethod(ITokenSource source, Action<BuildxException>? onFailure) : ISessionMethod
{
    private const int MaxText = 2000;
    private const int MaxScopes = 100;

    /// <inheritdoc/>
    public string Path => "/moby.filesync.v1.Auth/FetchToken";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var request = Check(await AuthCall.ReadAsync(call, FetchTokenRequest.Parser).ConfigureAwait(false));
        var (token, life) = await AuthCall.AskAsync(() => source.FetchAsync(request, call.Aborted), onFailure).ConfigureAwait(false);

        // Never 0, which engines take for a minute.
        await AuthCall.WriteAsync(call, new FetchTokenResponse { Token = token, ExpiresIn = Math.Max(1, (long)life.TotalSeconds) }).ConfigureAwait(false);
    }

    private static TokenRequest Check(FetchTokenRequest request)
        => request.Scopes.Count <= MaxScopes && request.Scopes.Append(request.Realm).Append(request.Service).All(IsText)
            ? new TokenRequest { Host = AuthCall.CheckHost(request.Host), Realm = request.Realm, Service = request.Service, Scopes = [.. request.Scopes] }
            : throw new SessionStatusException(StatusCode.InvalidArgument, "the request for a token is not what registries ask for");

    private static bool IsText(string text) => text.Length <= MaxText && !text.Any(char.IsControl);
}
