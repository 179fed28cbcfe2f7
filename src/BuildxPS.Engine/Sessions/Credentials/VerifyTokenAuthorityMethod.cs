using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Auth;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>Proves to the engine that this client has the login whose tokens the engine still keeps.</summary>
/// <param name="source">Fetches tokens.</param>
/// <param name="onFailure">Told why the login could not be looked up; null tells no one.</param>
internal sealed class VerifyTokenAuthorityMethod(ITokenSource source, Action<BuildxException>? onFailure) : ISessionMethod
{
    private const int MaxPayload = 4096;

    /// <inheritdoc/>
    public string Path => "/moby.filesync.v1.Auth/VerifyTokenAuthority";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var request = await AuthCall.ReadAsync(call, VerifyTokenAuthorityRequest.Parser).ConfigureAwait(false);
        if (request.Payload.Length > MaxPayload)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, "the payload is too long");
        }

        var host = AuthCall.CheckHost(request.Host);
        using var authority = await TokenAuthority.FindAsync(source, host, request.Salt, onFailure, call.Aborted).ConfigureAwait(false);
        if (!await source.CanFetchAsync(host, call.Aborted).ConfigureAwait(false))
        {
            // What was there in an earlier build may be away now; the engine then begins anew, and is told so.
            throw TokenAuthority.None;
        }

        await AuthCall.WriteAsync(call, new VerifyTokenAuthorityResponse { Signed = ByteString.CopyFrom(authority.Sign(request.Payload.Span)) }).ConfigureAwait(false);
    }
}
