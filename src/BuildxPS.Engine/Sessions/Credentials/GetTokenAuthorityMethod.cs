using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;
using Google.Protobuf;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>Tells the engine the key under which it may keep the tokens that this client fetches for a registry.</summary>
/// <param name="source">Fetches tokens.</param>
/// <param name="onFailure">Told why the login could not be looked up; null tells no one.</param>
internal sealed class GetTokenAuthorityMethod(ITokenSource source, Action<BuildxException>? onFailure) : ISessionMethod
{
    /// <inheritdoc/>
    public string Path => "/moby.filesync.v1.Auth/GetTokenAuthority";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var request = await AuthCall.ReadAsync(call, GetTokenAuthorityRequest.Parser).ConfigureAwait(false);
        var host = AuthCall.CheckHost(request.Host);
        using var authority = await TokenAuthority.FindAsync(source, host, request.Salt, onFailure, call.Aborted).ConfigureAwait(false);
        if (!await source.CanFetchAsync(host, call.Aborted).ConfigureAwait(false))
        {
            throw TokenAuthority.None;
        }

        await AuthCall.WriteAsync(call, new GetTokenAuthorityResponse { PublicKey = ByteString.CopyFrom(authority.PublicKey) }).ConfigureAwait(false);
    }
}
