using System.Text;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Tests.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Drivers;

public sealed class DockerDaemonTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("d20", "1.41", "20.10")]
    [InlineData("d28", "1.51", "28.")]
    [InlineData("d28c", "1.51", "28.")]
    public async Task Real_daemon_tells_its_versions(string engine, string api, string version)
    {
        using var daemon = new DockerDaemon(new EngineEndpoint { Address = TestEngines.Require(engine) });

        Assert.Equal(Version.Parse(api), await daemon.GetApiVersionAsync(Token));
        Assert.StartsWith(version, await daemon.GetVersionAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Real_daemon_answers_over_mutual_tls()
    {
        using var daemon = new DockerDaemon(new EngineEndpoint
        {
            Address = TestEngines.RequireTcp("d28"),
            Tls = new TlsMaterial
            {
                AuthorityFile = TestEngines.Certificate("ca"),
                CertificateFile = TestEngines.Certificate("clientCertificate"),
                KeyFile = TestEngines.Certificate("clientKey"),
            },
        });

        Assert.StartsWith("28.", await daemon.GetVersionAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Real_BuildKit_daemon_is_told_from_a_docker_daemon()
    {
        using var daemon = new DockerDaemon(new EngineEndpoint { Address = TestEngines.Require("bkd") });

        var failure = await Assert.ThrowsAsync<BuildxException>(() => daemon.GetApiVersionAsync(Token));

        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains("buildkitd", failure.Message, StringComparison.Ordinal);
        Assert.False(failure.IsTransient);
    }

    [Fact]
    public async Task Fake_daemon_that_sends_garbage_is_not_called_lost_for_a_moment()
    {
        await using var fake = new FakeDaemon("garbage");
        using var daemon = new DockerDaemon(fake.Endpoint);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => daemon.GetApiVersionAsync(Token));

        Assert.False(failure.IsTransient);
        Assert.DoesNotContain("See inner exception", failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("error occurred while sending", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_client_certificate_is_said_for_plain_calls_too()
    {
        using var daemon = new DockerDaemon(new EngineEndpoint
        {
            Address = TestEngines.RequireTcp("d28"),
            Tls = new TlsMaterial { AuthorityFile = TestEngines.Certificate("ca") },
        });

        var failure = await Assert.ThrowsAsync<BuildxException>(() => daemon.GetApiVersionAsync(Token));

        Assert.Equal(BuildxFailure.EngineCertificateInvalid, failure.Failure);
    }

    [Fact]
    public async Task Dead_daemon_fails_with_the_connections_own_words()
    {
        using var daemon = new DockerDaemon(new EngineEndpoint { Address = "unix:///nowhere/d.sock", Origin = "context 'x'" });

        var failure = await Assert.ThrowsAsync<BuildxException>(() => daemon.GetVersionAsync(Token));

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Contains("(context 'x')", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", BuildxFailure.ProtocolViolation, "no API version")]
    [InlineData("HTTP/1.1 200 OK\r\nApi-Version: new\r\nContent-Length: 2\r\n\r\nOK", BuildxFailure.ProtocolViolation, "no API version")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\n\r\n{\"message\":\"off\"}", BuildxFailure.EngineAccessDenied, "off")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n", BuildxFailure.EngineError, "302")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", BuildxFailure.ProtocolViolation, "not a docker daemon")]
    [InlineData("", BuildxFailure.EngineLost, "GET /_ping")]
    public async Task Fake_daemon_that_is_none_is_told_apart(string answer, BuildxFailure expected, string text)
    {
        await using var fake = new FakeDaemon(answer);
        using var daemon = new DockerDaemon(fake.Endpoint);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => daemon.GetApiVersionAsync(Token));

        Assert.Equal(expected, failure.Failure);
        Assert.Contains(text, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fake_daemon_that_hangs_is_given_up()
    {
        await using var fake = new FakeDaemon((_, token) => Task.Delay(Timeout.Infinite, token));
        using var daemon = new DockerDaemon(fake.Endpoint, TimeSpan.FromMilliseconds(100));

        var failure = await Assert.ThrowsAsync<BuildxException>(() => daemon.GetApiVersionAsync(Token));

        Assert.Equal(BuildxFailure.TimedOut, failure.Failure);
    }

    [Fact]
    public async Task Fake_daemon_with_an_endless_answer_is_given_up()
    {
        await using var fake = new FakeDaemon(async (stream, token) =>
        {
            await FakeDaemon.ReadHeadAsync(stream, token);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\n\r\n"u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync(new byte[64 * 1024], token);
            }
        });
        using var daemon = new DockerDaemon(fake.Endpoint);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => daemon.GetApiVersionAsync(Token));

        Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
        Assert.Contains("longer", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.45", "/v1.45/version")]
    [InlineData("1.99", "/v1.51/version")]
    public async Task Fake_daemon_is_spoken_to_in_the_older_of_both_versions(string offered, string path)
    {
        var requests = new List<string>();
        await using var fake = new FakeDaemon(async (stream, token) =>
        {
            while (await FakeDaemon.ReadHeadAsync(stream, token) is { Length: > 0 } head)
            {
                requests.Add(head.Split(' ')[1]);
                await stream.WriteAsync(
                    Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nApi-Version: {offered}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"), token);
            }
        });
        using var daemon = new DockerDaemon(fake.Endpoint);

        Assert.Empty(await daemon.GetVersionAsync(Token));
        Assert.Equal(["/_ping", path], requests);
    }

    [Fact]
    public async Task Fake_daemon_that_is_too_old_is_refused()
    {
        await using var fake = new FakeDaemon("HTTP/1.1 200 OK\r\nApi-Version: 1.24\r\nContent-Length: 2\r\n\r\nOK");
        using var daemon = new DockerDaemon(fake.Endpoint);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => daemon.GetApiVersionAsync(Token));

        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains("1.24", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.52", "POST /grpc HTTP/1.1\r\n")]
    [InlineData("1.53", "PRI * HTTP/2.0\r\n")]
    public async Task Fake_daemon_gets_grpc_behind_the_upgrade_or_directly_by_its_version(string version, string firstLine)
    {
        var first = new TaskCompletionSource<string>();
        await using var fake = new FakeDaemon(async (stream, token) =>
        {
            var head = await FakeDaemon.ReadHeadAsync(stream, token);
            first.TrySetResult(head[..(head.IndexOf('\n', StringComparison.Ordinal) + 1)]);
            await stream.WriteAsync("HTTP/1.1 101 UPGRADED\r\n\r\n"u8.ToArray(), token);
            await stream.CopyToAsync(Stream.Null, token);
        });
        var connector = new DockerGrpcConnector(fake.Connector, fake.Connector, Version.Parse(version));

        await using var stream = await connector.ConnectAsync(Token);
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Token);

        Assert.Equal(firstLine, await first.Task.WaitAsync(Token));
    }
}
