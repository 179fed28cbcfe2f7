using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Ssh;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>Says whether there is an SSH agent of an id. An engine asks before a step that mounts it.</summary>
internal sealed class CheckAgentMethod(ISshAgentSource agents) : ISessionMethod
{
    private const int MaxShownId = 256;

    /// <inheritdoc/>
    public string Path => "/moby.sshforward.v1.SSH/CheckAgent";

    /// <summary>The failure for an agent that was not given, in the words that engines know from buildx.</summary>
    /// <param name="id">Its id.</param>
    /// <returns>The failure.</returns>
    public static SessionStatusException Unset(string id)
        => new(StatusCode.Unknown, $"unset ssh forward key {DisplayText.Line(id, MaxShownId)}");

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        var id = await ReadIdAsync(call).ConfigureAwait(false);
        if (!agents.Has(id))
        {
            throw Unset(id);
        }

        // CheckAgentResponse { }, framed.
        call.Response.GetSpan(GrpcMessage.HeaderLength)[..GrpcMessage.HeaderLength].Clear();
        call.Response.Advance(GrpcMessage.HeaderLength);
        await call.Response.FlushAsync(call.Aborted).ConfigureAwait(false);
    }

    private static async Task<string> ReadIdAsync(ISessionCall call)
    {
        var bytes = await GrpcMessage.ReadSingleAsync(call.Request, call.Aborted).ConfigureAwait(false);
        try
        {
            return CheckAgentRequest.Parser.ParseFrom(bytes).ID is { Length: > 0 } id ? id : SshSpec.DefaultId;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, "malformed request", e);
        }
    }
}
