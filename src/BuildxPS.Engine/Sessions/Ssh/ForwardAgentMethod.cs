using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>
/// Serves one connection of a step to an SSH agent. What the step sends is only bytes: just requests that list keys or
/// sign reach the agent, as with buildx.
/// </summary>
/// <remarks>
/// A failure here is not the build's: the step sees that its agent hangs up, and may well go on without. What it was is
/// remembered by whoever watches the agents.
/// </remarks>
internal sealed class ForwardAgentMethod(ISshAgentSource agents, AgentLimits limits) : ISessionMethod
{
    private const string IdHeader = "buildkit.ssh.id";

    private static readonly PipeOptions s_pipe = new(useSynchronizationContext: false);

    private int _open;

    public ForwardAgentMethod(ISshAgentSource agents)
        : this(agents, new AgentLimits())
    {
    }

    /// <inheritdoc/>
    public string Path => "/moby.sshforward.v1.SSH/ForwardAgent";

    /// <inheritdoc/>
    public async Task InvokeAsync(ISessionCall call)
    {
        if (Interlocked.Increment(ref _open) > limits.Connections)
        {
            Interlocked.Decrement(ref _open);
            throw new SessionStatusException(StatusCode.ResourceExhausted, "too many connections to SSH agents at one time");
        }

        try
        {
            var agent = await ConnectAsync(call).ConfigureAwait(false);
            await using (agent.ConfigureAwait(false))
            {
                await ServeAsync(call, agent).ConfigureAwait(false);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    private async Task<ISshAgent> ConnectAsync(ISessionCall call)
    {
        var id = call.Header(IdHeader).FirstOrDefault("") is { Length: > 0 } named ? named : SshSpec.DefaultId;
        try
        {
            return await agents.ConnectAsync(id, call.Aborted).ConfigureAwait(false) ?? throw CheckAgentMethod.Unset(id);
        }
        catch (BuildxException)
        {
            throw new SessionStatusException(StatusCode.Unavailable, "this client cannot reach its SSH agent");
        }
    }

    /// <summary>The engine's messages cut the step's bytes anywhere, so they go through a pipe that knows nothing of messages.</summary>
    private async Task ServeAsync(ISessionCall call, ISshAgent agent)
    {
        var bytes = new Pipe(s_pipe);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(call.Aborted);
        var copying = CopyAsync(call.Request, bytes.Writer, stopping.Token);
        try
        {
            using var requests = new AgentMessageReader(bytes.Reader.AsStream(leaveOpen: true));
            await AnswerAsync(requests, agent, call).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, e.Message);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.SshAgentUnavailable)
        {
            throw new SessionStatusException(StatusCode.Unavailable, "the SSH agent hung up");
        }
        finally
        {
            await bytes.Reader.CompleteAsync().ConfigureAwait(false);
            await stopping.CancelAsync().ConfigureAwait(false);
            await copying.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task CopyAsync(PipeReader input, PipeWriter output, CancellationToken cancellationToken)
    {
        try
        {
            await BytesMessages.CopyAsync(input, output.AsStream(leaveOpen: true), cancellationToken).ConfigureAwait(false);
            await output.CompleteAsync().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whoever reads the pipe meets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await output.CompleteAsync(e).ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(AgentMessageReader requests, ISshAgent agent, ISessionCall call)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(call.Aborted);
        try
        {
            limit.CancelAfter(limits.Idle);
            while (await requests.ReadAsync(limit.Token).ConfigureAwait(false) is { } request)
            {
                limit.CancelAfter(limits.Answer);
                var answer = AgentMessage.IsAllowed(request.Span)
                    ? await agent.AnswerAsync(request, limit.Token).ConfigureAwait(false)
                    : AgentMessage.Refusal;
                Write(call.Response, answer.Span);
                await call.Response.FlushAsync(limit.Token).ConfigureAwait(false);
                limit.CancelAfter(limits.Idle);
            }
        }
        catch (OperationCanceledException) when (!call.Aborted.IsCancellationRequested)
        {
            throw new SessionStatusException(StatusCode.DeadlineExceeded, "a connection to an SSH agent was silent for too long");
        }
    }

    private static void Write(PipeWriter output, ReadOnlySpan<byte> answer)
    {
        output.Advance(GrpcMessage.WriteDataHeader(output.GetSpan(GrpcMessage.MaxDataHeaderLength), AgentMessage.HeaderLength + answer.Length));
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(AgentMessage.HeaderLength), answer.Length);
        output.Advance(AgentMessage.HeaderLength);
        output.Write(answer);
    }
}
