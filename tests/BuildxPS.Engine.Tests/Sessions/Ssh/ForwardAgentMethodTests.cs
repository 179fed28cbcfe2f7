using System.Buffers;
using System.Buffers.Binary;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Ssh;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Sessions.Ssh;
using BuildxPS.Engine.Tests.Sessions.Files;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace BuildxPS.Engine.Tests.Sessions.Ssh;

public sealed class ForwardAgentMethodTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(30);

    private static readonly byte[] s_list = Frame(AgentMessage.RequestIdentities);

    private static byte[] Frame(params byte[] message)
    {
        var framed = new byte[4 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, message.Length);
        message.CopyTo(framed, 4);
        return framed;
    }

    private static byte[] Message(byte[] data) => new BytesValue { Value = ByteString.CopyFrom(data) }.ToByteArray();

    /// <summary>Sends pieces as an engine, half-closes, and returns all bytes that came back.</summary>
    private static async Task<byte[]> RunAsync(FakeAgents agents, AgentLimits? limits = null, params byte[][] pieces)
    {
        using var call = new FakeCall(("buildkit.ssh.id", "x"));
        foreach (var piece in pieces)
        {
            await call.SendRawAsync(Message(piece));
        }

        await call.EngineOutput.CompleteAsync();
        await call.InvokeAsync(new ForwardAgentMethod(agents, limits ?? new AgentLimits())).WaitAsync(s_guard);
        return await ReadAllAsync(call);
    }

    private static async Task<byte[]> ReadAllAsync(FakeCall call)
    {
        using var bytes = new MemoryStream();
        await BuildxPS.Engine.Sessions.Files.Packets.BytesMessages.CopyAsync(call.EngineInput, bytes, TestContext.Current.CancellationToken);
        return bytes.ToArray();
    }

    [Fact]
    public async Task Requests_are_answered_in_their_order_until_the_engine_half_closes()
    {
        var agents = new FakeAgents(request => request.Length == 1 ? [AgentMessage.IdentitiesAnswer, 0, 0, 0, 0] : [AgentMessage.SignResponse, request[1]]);
        var answer = await RunAsync(agents, null, s_list, Frame(AgentMessage.SignRequest, 7), Frame(AgentMessage.SignRequest, 8));
        byte[] expected = [.. Frame(AgentMessage.IdentitiesAnswer, 0, 0, 0, 0), .. Frame(AgentMessage.SignResponse, 7), .. Frame(AgentMessage.SignResponse, 8)];
        Assert.Equal(expected, answer);
        Assert.Equal(("x", 1, 1), (agents.Ids.Single(), agents.Connected, agents.Closed));
    }

    [Fact]
    public async Task Requests_may_be_cut_and_joined_anywhere()
    {
        var agents = new FakeAgents(_ => [AgentMessage.Failure]);
        byte[] stream = [.. s_list, .. s_list, .. s_list];
        byte[] expected = [.. Frame(5), .. Frame(5), .. Frame(5)];
        Assert.Equal(expected, await RunAsync(agents, null, stream[..2], stream[2..7], [], stream[7..]));
    }

    [Fact]
    public async Task The_longest_message_goes_through_both_ways()
    {
        var longest = new byte[AgentMessage.MaxLength];
        longest[0] = AgentMessage.SignRequest;
        var agents = new FakeAgents(request => request);
        Assert.Equal(Frame(longest), await RunAsync(agents, null, Frame(longest)));
    }

    /// <summary>Add, remove, remove all, lock, unlock, add constrained, extension, and the same of the first protocol.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(19)]
    [InlineData(20)]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    [InlineData(25)]
    [InlineData(26)]
    [InlineData(27)]
    [InlineData(0)]
    [InlineData(12)]
    [InlineData(14)]
    [InlineData(255)]
    public async Task Whatever_is_not_to_list_or_to_sign_never_reaches_the_agent(byte type)
    {
        var agents = new FakeAgents(_ => [AgentMessage.IdentitiesAnswer]);
        byte[] expected = [.. Frame(AgentMessage.Failure), .. Frame(AgentMessage.IdentitiesAnswer)];
        Assert.Equal(expected, await RunAsync(agents, null, Frame(type, 0, 0, 0, 0), s_list));
        Assert.Equal(1, agents.Requests);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 4, 0, 1, 11 })]
    [InlineData(new byte[] { 255, 255, 255, 255 })]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 9, 11 })]
    public async Task What_is_no_message_ends_the_call(byte[] bytes)
    {
        var agents = new FakeAgents(_ => [AgentMessage.Failure]);
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => RunAsync(agents, null, bytes));
        Assert.Equal(StatusCode.InvalidArgument, error.Code);
        Assert.Null(error.InnerException);
        Assert.Equal((0, 1), (agents.Requests, agents.Closed));
    }

    [Fact]
    public async Task An_engine_that_breaks_its_own_framing_is_told_from_a_step_that_talks_nonsense()
    {
        using var call = new FakeCall(("buildkit.ssh.id", "x"));
        await call.SendRawAsync([0x12, 0x01, 0x00]);
        var error = await Assert.ThrowsAsync<BuildxException>(() => call.InvokeAsync(new ForwardAgentMethod(new FakeAgents(_ => [5]))).WaitAsync(s_guard));
        Assert.Equal(BuildxFailure.ProtocolViolation, error.Failure);
    }

    [Fact]
    public async Task An_agent_that_was_not_given_is_named_as_buildx_names_it()
    {
        using var call = new FakeCall(("buildkit.ssh.id", "y"));
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => call.InvokeAsync(new ForwardAgentMethod(new FakeAgents(_ => [5]))));
        Assert.Equal("unset ssh forward key y", error.Message);
    }

    [Fact]
    public async Task A_call_that_names_no_agent_means_the_default_one()
    {
        var agents = new FakeAgents(_ => [5], "default");
        using var call = new FakeCall();
        await call.EngineOutput.CompleteAsync();
        await call.InvokeAsync(new ForwardAgentMethod(agents));
        Assert.Equal("default", agents.Ids.Single());
    }

    [Theory]
    [InlineData("x", true)]
    [InlineData("", false)]
    [InlineData("y", false)]
    public async Task An_engine_asks_before_it_mounts(string id, bool isThere)
    {
        using var call = new FakeCall();
        await call.SendRawAsync(new CheckAgentRequest { ID = id }.ToByteArray());
        await call.EngineOutput.CompleteAsync();
        var asking = call.InvokeAsync(new CheckAgentMethod(new FakeAgents(_ => [5])));
        if (isThere)
        {
            await asking;
            Assert.Equal(new byte[GrpcMessage.HeaderLength], (await call.EngineInput.ReadAtLeastAsync(GrpcMessage.HeaderLength)).Buffer.ToArray());
            return;
        }

        Assert.Equal($"unset ssh forward key {(id.Length == 0 ? "default" : id)}", (await Assert.ThrowsAsync<SessionStatusException>(() => asking)).Message);
    }

    [Fact]
    public async Task No_more_connections_are_held_than_the_limit_and_the_next_one_works_again()
    {
        var method = new ForwardAgentMethod(new FakeAgents(_ => [5]), new AgentLimits { Connections = 1 });
        using var first = new FakeCall(("buildkit.ssh.id", "x"));
        using var second = new FakeCall(("buildkit.ssh.id", "x"));
        using var third = new FakeCall(("buildkit.ssh.id", "x"));
        var held = first.InvokeAsync(method);
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<SessionStatusException>(() => second.InvokeAsync(method))).Code);
        await first.EngineOutput.CompleteAsync();
        await held.WaitAsync(s_guard);
        await third.EngineOutput.CompleteAsync();
        await third.InvokeAsync(method).WaitAsync(s_guard);
    }

    [Fact]
    public async Task A_connection_that_stays_silent_is_ended()
    {
        using var call = new FakeCall(("buildkit.ssh.id", "x"));
        var agents = new FakeAgents(_ => [5]);
        var error = await Assert.ThrowsAsync<SessionStatusException>(() =>
            call.InvokeAsync(new ForwardAgentMethod(agents, new AgentLimits { Idle = TimeSpan.FromMilliseconds(50) })).WaitAsync(s_guard));
        Assert.Equal((StatusCode.DeadlineExceeded, 1), (error.Code, agents.Closed));
    }

    [Fact]
    public async Task An_agent_that_does_not_answer_is_given_up()
    {
        var agents = new FakeAgents(_ => null);
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => RunAsync(agents, new AgentLimits { Answer = TimeSpan.FromMilliseconds(50) }, s_list));
        Assert.Equal((StatusCode.DeadlineExceeded, 1), (error.Code, agents.Closed));
    }

    [Fact]
    public async Task The_builds_end_ends_the_call()
    {
        using var call = new FakeCall(("buildkit.ssh.id", "x"));
        var agents = new FakeAgents(_ => [5]);
        var running = call.InvokeAsync(new ForwardAgentMethod(agents));
        call.Abort();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(s_guard));
        Assert.Equal(1, agents.Closed);
    }

    [Fact]
    public async Task An_agent_that_fails_ends_the_call_and_not_the_build()
    {
        var agents = new FakeAgents(_ => throw new BuildxException(BuildxFailure.SshAgentUnavailable, "The agent at /home/me is gone.", "Start it."));
        var error = await Assert.ThrowsAsync<SessionStatusException>(() => RunAsync(agents, null, s_list));
        Assert.Equal(StatusCode.Unavailable, error.Code);
        Assert.Null(error.InnerException);
        Assert.DoesNotContain("/home/me", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A fake agent named <c>x</c> that answers as a test says, or never (null).</summary>
    private sealed class FakeAgents(Func<byte[], byte[]?> answer, string id = "x") : ISshAgentSource
    {
        public List<string> Ids { get; } = [];

        public int Connected { get; private set; }

        public int Closed { get; private set; }

        public int Requests { get; private set; }

        public bool Has(string asked) => asked == id;

        public ValueTask<ISshAgent?> ConnectAsync(string asked, CancellationToken cancellationToken)
        {
            Ids.Add(asked);
            if (!Has(asked))
            {
                return ValueTask.FromResult<ISshAgent?>(null);
            }

            Connected++;
            return ValueTask.FromResult<ISshAgent?>(new FakeConnection(this, answer));
        }

        private sealed class FakeConnection(FakeAgents agents, Func<byte[], byte[]?> answer) : ISshAgent
        {
            public async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
            {
                agents.Requests++;
                if (answer(request.ToArray()) is { } bytes)
                {
                    return bytes;
                }

                await Task.Delay(Timeout.Infinite, cancellationToken);
                return default;
            }

            public ValueTask DisposeAsync()
            {
                agents.Closed++;
                return ValueTask.CompletedTask;
            }
        }
    }
}
