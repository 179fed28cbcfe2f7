using System.Buffers;
using System.IO.Pipelines;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Secrets;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Secrets;

/// <summary>Gives the engine a secret that a step mounts.</summary>
/// <param name="source">The secrets.</param>
/// <param name="onFailure">Takes the cause when one cannot be read: the engine reports it in words of its own.</param>
internal sealed class GetSecretMethod(ISecretSource source, Action<BuildxException>? onFailure = null) : ISessionMethod
{
    /// <inheritdoc/>
    public string Path => "/moby.buildkit.secrets.v1.Secrets/GetSecret";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var id = await ReadIdAsync(call).ConfigureAwait(false);
        using var secret = await GetAsync(id, call.Aborted).ConfigureAwait(false);
        Write(call.Response, secret.Bytes.Span);
        await call.Response.FlushAsync(call.Aborted).ConfigureAwait(false);
    }

    private async Task<SecretValue> GetAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            // With this status, and no other, an engine goes on without a secret that the step does not require.
            return await source.GetAsync(id, cancellationToken).ConfigureAwait(false)
                ?? throw new SessionStatusException(StatusCode.NotFound, "this client has no such secret");
        }
        catch (BuildxException e)
        {
            onFailure?.Invoke(e);
            throw new SessionStatusException(StatusCode.FailedPrecondition, "this client cannot read the secret", e);
        }
    }

    private static async Task<string> ReadIdAsync(ISessionCall call)
    {
        var bytes = await GrpcMessage.ReadSingleAsync(call.Request, call.Aborted).ConfigureAwait(false);
        try
        {
            return GetSecretRequest.Parser.ParseFrom(bytes).ID;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, "malformed request", e);
        }
    }

    private static void Write(PipeWriter output, ReadOnlySpan<byte> secret)
    {
        output.Advance(GrpcMessage.WriteDataHeader(output.GetSpan(GrpcMessage.MaxDataHeaderLength), secret.Length));
        output.Write(secret);
    }
}
