using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Ssh;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Ssh;

public sealed class LocalSshAgentsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static LocalSshAgents Open(string? variable, params string[] specs) => LocalSshAgents.Open(
        [.. specs.Select(SshSpec.Parse)],
        new ClientEnvironment
        {
            Variables = variable is null ? new Dictionary<string, string>() : new() { ["SSH_AUTH_SOCK"] = variable },
            HomeDirectory = "/",
        });

    private static BuildxException Refused(BuildxFailure failure, string? variable, params string[] specs)
    {
        var error = Assert.Throws<BuildxException>(() => Open(variable, specs).Dispose());
        Assert.Equal(failure, error.Failure);
        Assert.NotEmpty(error.Advice);
        return error;
    }

    private static async Task<int> CountKeysAsync(LocalSshAgents agents, string id = "default")
    {
        await using var agent = await agents.ConnectAsync(id, TestContext.Current.CancellationToken);
        var answer = await agent!.AnswerAsync(new byte[] { AgentMessage.RequestIdentities }, TestContext.Current.CancellationToken);
        Assert.Equal(AgentMessage.IdentitiesAnswer, answer.Span[0]);
        return System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(answer.Span[1..]);
    }

    [Fact]
    public async Task The_default_agent_is_that_of_the_variable()
    {
        using var real = new RealAgent(_folder).Add(SshTools.MakeKey(_folder, "key", "-t", "ed25519"));
        using var agents = Open(real.Socket, "default", "same");
        Assert.True(agents.Has("same") && !agents.Has("other"));
        Assert.Equal((1, 1), (await CountKeysAsync(agents), await CountKeysAsync(agents, "same")));
        Assert.Null(await agents.ConnectAsync("other", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_named_socket_and_keys_are_agents_of_their_own()
    {
        var keys = new[] { SshTools.MakeKey(_folder, "a", "-t", "ed25519"), SshTools.MakeKey(_folder, "b", "-t", "ecdsa") };
        using var real = new RealAgent(_folder);
        using var agents = Open("/nothere", $"empty={real.Socket}", $"two={keys[0]},{keys[1]},{keys[0]}");
        Assert.Equal((0, 2), (await CountKeysAsync(agents, "empty"), await CountKeysAsync(agents, "two")));
    }

    [Fact]
    public void An_agent_that_is_not_there_is_refused_before_the_build()
    {
        Assert.Contains("SSH_AUTH_SOCK is not set", Refused(BuildxFailure.SshAgentUnavailable, null, "default").Message, StringComparison.Ordinal);
        Assert.Contains("from SSH_AUTH_SOCK", Refused(BuildxFailure.SshAgentUnavailable, "/nothere", "default").Message, StringComparison.Ordinal);
        Assert.Contains("/nothere", Refused(BuildxFailure.SshAgentUnavailable, null, "x=/nothere").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_neither_a_socket_nor_a_key_is_refused()
    {
        Assert.Contains("folder", Refused(BuildxFailure.SshKeyInvalid, null, $"x={_folder.Path}").Message, StringComparison.Ordinal);
        Refused(BuildxFailure.SshKeyInvalid, null, $"x={_folder.Write("text", "text")}");
    }

    [Fact]
    public void What_contradicts_itself_is_refused()
    {
        using var real = new RealAgent(_folder);
        var key = SshTools.MakeKey(_folder, "key", "-t", "ed25519");
        Refused(BuildxFailure.SshInvalid, real.Socket, "default", $"default={key}");
        Refused(BuildxFailure.SshInvalid, null, $"x={key},{real.Socket}");
        Refused(BuildxFailure.SshInvalid, null, $"x={real.Socket},{key}");
        Refused(BuildxFailure.SshInvalid, null, $"x={real.Socket},{real.Socket}");
    }

    [Fact]
    public async Task An_agent_that_went_away_is_named()
    {
        using var real = new RealAgent(_folder);
        using var agents = Open(real.Socket, "default");
        await using var connected = await agents.ConnectAsync("default", TestContext.Current.CancellationToken);
        real.Stop();
        var lost = await Assert.ThrowsAsync<BuildxException>(async () => await connected!.AnswerAsync(new byte[] { AgentMessage.RequestIdentities }, TestContext.Current.CancellationToken));
        var gone = await Assert.ThrowsAsync<BuildxException>(async () => await agents.ConnectAsync("default", TestContext.Current.CancellationToken));
        Assert.All([lost, gone], e =>
        {
            Assert.Equal(BuildxFailure.SshAgentUnavailable, e.Failure);
            Assert.Contains(real.Socket, e.Message, StringComparison.Ordinal);
        });
    }
}
