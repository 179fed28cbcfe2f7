using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Connections;

/// <summary>Docker's API through the system's ssh and a real sshd. ssh's settings are a file of the test's own.</summary>
public sealed class RealSshTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task A_daemon_answers_through_ssh()
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = (_, token) => Connector(TestEngines.Ssh("knownHosts"), TestEngines.Ssh("identity")).ConnectAsync(token) };
        using var client = new HttpClient(handler);
        Assert.Equal("OK", await client.GetStringAsync(new Uri("http://docker/_ping"), Token));
        Assert.Equal("OK", await client.GetStringAsync(new Uri("http://docker/_ping"), Token));
    }

    [Fact]
    public async Task A_host_key_that_nobody_knows_is_refused_without_a_question()
    {
        var failure = await FailAsync(Connector(_home.Write("empty", ""), TestEngines.Ssh("identity")));
        Assert.Equal(BuildxFailure.HostKeyNotTrusted, failure.Failure);
        Assert.Contains("127.0.0.1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("ssh -p", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_without_a_key_is_refused_without_a_question()
        => Assert.Equal(BuildxFailure.EngineAccessDenied, (await FailAsync(Connector(TestEngines.Ssh("knownHosts"), "/nowhere/key"))).Failure);

    [Fact]
    public async Task A_host_where_nobody_listens_is_unreachable()
        => Assert.Equal(BuildxFailure.EngineUnreachable, (await FailAsync(Connector(TestEngines.Ssh("knownHosts"), "/nowhere/key", port: 1))).Failure);

    [Fact]
    public async Task A_command_that_is_not_there_is_named()
    {
        var failure = await FailAsync(Connector(TestEngines.Ssh("knownHosts"), TestEngines.Ssh("identity"), command: "no-such-command-here"));
        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Contains("no-such-command-here", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_machine_without_ssh_is_told_so()
    {
        var target = new SshTarget { Host = "h" };
        var connector = new SshConnector(target, "x", new SshFailures("ssh://h", target, "x"), TimeSpan.FromSeconds(1), Path.Join(_home.Path, "no-ssh"));
        Assert.Equal(BuildxFailure.EndpointUnsupported, (await FailAsync(connector)).Failure);
    }

    private SshConnector Connector(string knownHosts, string identity, int? port = null, string? command = null)
    {
        var target = EngineAddress.Parse(TestEngines.RequireSsh("d28"), hasTls: false).Ssh! with { Port = port ?? EngineAddress.Parse(TestEngines.RequireSsh("d28"), hasTls: false).Ssh!.Port };
        var program = ShellProgram.Write(Path.Join(_home.Path, "ssh-" + Guid.NewGuid().ToString("n")), $"exec ssh -F none -o UserKnownHostsFile={knownHosts} -o IdentitiesOnly=yes -i {identity} \"$@\"");
        command ??= target.DockerCommand;
        return new SshConnector(target, command, new SshFailures("ssh://test", target, command), TimeSpan.FromSeconds(20), program);
    }

    private static async Task<BuildxException> FailAsync(SshConnector connector)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = (_, token) => connector.ConnectAsync(token) };
        using var client = new HttpClient(handler);
        var error = await Assert.ThrowsAnyAsync<Exception>(() => client.GetStringAsync(new Uri("http://docker/_ping"), Token));
        for (var e = error; e is not null; e = e.InnerException)
        {
            if (e is BuildxException failure)
            {
                return failure;
            }
        }

        throw error;
    }
}
