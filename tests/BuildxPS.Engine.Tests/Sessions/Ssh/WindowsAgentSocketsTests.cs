using System.IO.Pipes;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Ssh;

namespace BuildxPS.Engine.Tests.Sessions.Ssh;

/// <summary>What Windows does differently, as far as another system can tell.</summary>
public sealed class WindowsAgentSocketsTests
{
    private static WindowsAgentSockets Sockets(bool hasAgent = true) => new(
        path => hasAgent && path == WindowsAgentSockets.OpenSshPipe,
        path => path switch
        {
            @"C:\agent.sock" => FileAttributes.ReparsePoint,
            @"C:\key" => FileAttributes.Archive,
            _ => throw new FileNotFoundException(),
        });

    [Theory]
    [InlineData(@"\\.\pipe\openssh-ssh-agent", ".", "openssh-ssh-agent")]
    [InlineData("//./pipe/openssh-ssh-agent", ".", "openssh-ssh-agent")]
    [InlineData(@"\\.\PIPE\a\b", ".", @"a\b")]
    [InlineData(@"\\host\pipe\a", "host", "a")]
    public void A_pipe_is_known_by_its_path(string path, string server, string name)
    {
        Assert.Equal((server, name), WindowsAgentSockets.ReadPipe(path));
        Assert.True(Sockets().IsSocket(path));
    }

    [Theory]
    [InlineData(@"C:\pipe\a")]
    [InlineData(@"\\.\pipe\")]
    [InlineData(@"\\host\share\pipe\a")]
    [InlineData("/run/agent.sock")]
    public void Another_path_is_no_pipe(string path) => Assert.Null(WindowsAgentSockets.ReadPipe(path));

    [Theory]
    [InlineData(@"C:\agent.sock", true)]
    [InlineData(@"C:\key", false)]
    [InlineData(@"C:\nothere", false)]
    public void A_unix_socket_is_known_by_its_reparse_point(string path, bool isSocket) => Assert.Equal(isSocket, Sockets().IsSocket(path));

    [Fact]
    public void Without_a_variable_it_is_the_agent_of_the_system()
    {
        var environment = new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = "/", IsWindows = true };
        using var agents = LocalSshAgents.Open([new SshSpec()], environment, Sockets());
        Assert.True(agents.Has("default"));
        var error = Assert.Throws<BuildxException>(() => LocalSshAgents.Open([new SshSpec()], environment, Sockets(hasAgent: false)));
        Assert.Equal(BuildxFailure.SshAgentUnavailable, error.Failure);
        Assert.Contains("Start-Service ssh-agent", error.Advice, StringComparison.Ordinal);
    }

    /// <summary>.NET has named pipes everywhere, so the connection itself is tested everywhere.</summary>
    [Fact]
    public async Task A_pipe_is_connected_to()
    {
        var name = $"buildxps-{Guid.NewGuid():N}"[..20];
        await using var server = new NamedPipeServerStream(name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);
        var accepted = server.WaitForConnectionAsync(TestContext.Current.CancellationToken);
        await using var agent = new SocketAgent(await Sockets().ConnectAsync($@"\\.\pipe\{name}", TestContext.Current.CancellationToken), "agent");
        await accepted;
        var answer = agent.AnswerAsync(new byte[] { AgentMessage.RequestIdentities }, TestContext.Current.CancellationToken);
        var request = new byte[5];
        await server.ReadExactlyAsync(request, TestContext.Current.CancellationToken);
        await server.WriteAsync(new byte[] { 0, 0, 0, 1, AgentMessage.Failure }, TestContext.Current.CancellationToken);
        Assert.Equal([0, 0, 0, 1, AgentMessage.RequestIdentities], request);
        Assert.Equal(AgentMessage.Failure, Assert.Single((await answer).ToArray()));
    }
}
