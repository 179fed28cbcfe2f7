using System.Net.Security;
using System.Text;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Connections;

public sealed class ConnectionUpgradeTests
{
    private const string Switching = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

    private static readonly UpgradeRequest s_grpc = new() { Path = "/grpc", Protocol = "h2c" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_behind_the_head_belong_to_the_tunnel()
    {
        await using var daemon = new FakeDaemon(Switching + "first");

        await using var tunnel = await ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc, Token);

        Assert.Equal(0, await tunnel.ReadAsync(Memory<byte>.Empty, Token));
        using var reader = new StreamReader(tunnel);
        Assert.Equal("first", await reader.ReadToEndAsync(Token));
    }

    [Fact]
    public async Task Head_may_come_byte_by_byte()
    {
        await using var daemon = new FakeDaemon(async (stream, token) =>
        {
            await FakeDaemon.ReadHeadAsync(stream, token);
            foreach (var one in Encoding.ASCII.GetBytes(Switching + "x"))
            {
                await stream.WriteAsync(new[] { one }, token);
            }
        });

        await using var tunnel = await ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc, Token);

        using var reader = new StreamReader(tunnel);
        Assert.Equal("x", await reader.ReadToEndAsync(Token));
    }

    [Fact]
    public async Task Request_has_each_equal_header_as_a_field_of_its_own_and_the_body()
    {
        var request = new TaskCompletionSource<string>();
        await using var daemon = new FakeDaemon(async (stream, token) =>
        {
            var head = await FakeDaemon.ReadHeadAsync(stream, token);
            var body = new byte[2];
            await stream.ReadExactlyAsync(body, token);
            request.SetResult(head + Encoding.ASCII.GetString(body));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Switching), token);
        });

        await using var tunnel = await ConnectionUpgrade.OpenAsync(
            daemon.Connector,
            new UpgradeRequest
            {
                Path = "/session",
                Protocol = "h2c",
                Headers = [new("X-Method", "/a.B/C"), new("X-Method", "/a.B/D, é")],
                JsonBody = "{}"u8.ToArray(),
            },
            Token);

        var text = await request.Task.WaitAsync(Token);
        Assert.StartsWith("POST /session HTTP/1.1\r\nHost: ", text, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-Method: /a.B/C\r\nX-Method: /a.B/D, Ã©\r\n", text, StringComparison.Ordinal);
        Assert.EndsWith("Content-Length: 2\r\n\r\n{}", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-A", "a\r\nInjected: 1")]
    [InlineData("X-A\r\nInjected", "1")]
    public async Task Header_that_would_add_another_is_refused_before_anything_is_sent(string name, string value)
    {
        await using var daemon = new FakeDaemon(Switching);

        var failure = await Assert.ThrowsAsync<BuildxException>(
            () => ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc with { Headers = [new(name, value)] }, Token));

        Assert.Equal(BuildxFailure.ArgumentInvalid, failure.Failure);
    }

    [Fact]
    public async Task Tunnel_closes_one_direction_and_reads_on_in_the_other()
    {
        await using var daemon = new FakeDaemon(async (stream, token) =>
        {
            await FakeDaemon.ReadHeadAsync(stream, token);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Switching), token);
            using var reader = new StreamReader(stream, leaveOpen: true);
            var sent = await reader.ReadToEndAsync(token);
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"got {sent}"), token);
        });

        await using var tunnel = await ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc, Token);
        await tunnel.WriteAsync("all"u8.ToArray(), Token);
        await ((IHalfCloseable)tunnel).CloseWriteAsync(Token);

        using var answer = new StreamReader(tunnel);
        Assert.Equal("got all", await answer.ReadToEndAsync(Token));
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 24\r\n\r\n{\"message\":\"not for you\"}", BuildxFailure.EngineAccessDenied, "not for you")]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\npage not found", BuildxFailure.EngineUnsupported, "page not found")]
    [InlineData("HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"message\":\"a\u001b[2Jb\"}\r\n0\r\n\r\n", BuildxFailure.EngineError, "HTTP 500")]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n{\"message\":\"cut", BuildxFailure.EngineError, "HTTP 500")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", BuildxFailure.EngineError, "HTTP 200")]
    [InlineData("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", BuildxFailure.EngineCertificateInvalid, "encrypted")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", BuildxFailure.ProtocolViolation, "does not begin with HTTP")]
    [InlineData("HTTP/1.1 OK\r\n\r\n", BuildxFailure.ProtocolViolation, "status line")]
    [InlineData("HTTP/1.1 9999 OK\r\n\r\n", BuildxFailure.ProtocolViolation, "status line")]
    [InlineData("HTTP/1.1 101 Switching\r\nConnection: Upgr", BuildxFailure.EngineLost, "in the middle")]
    [InlineData("", BuildxFailure.EngineLost, "without an answer")]
    public async Task Answer_that_opens_no_tunnel_says_why(string answer, BuildxFailure expected, string text)
    {
        await using var daemon = new FakeDaemon(answer);

        var failure = await Assert.ThrowsAsync<BuildxException>(
            () => ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc, Token));

        Assert.Equal(expected, failure.Failure);
        Assert.Contains(text, failure.Message, StringComparison.Ordinal);
        Assert.Contains(daemon.Endpoint.Address, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(failure.Message, char.IsControl);
        Assert.NotEmpty(failure.Advice);
    }

    [Fact]
    public async Task Ok_opens_the_tunnel_only_where_it_was_asked_for()
    {
        await using var daemon = new FakeDaemon("HTTP/1.1 200 OK\r\n\r\nbytes");

        await using var tunnel = await ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc with { AcceptsOk = true }, Token);

        using var reader = new StreamReader(tunnel);
        Assert.Equal("bytes", await reader.ReadToEndAsync(Token));
    }

    [Fact]
    public async Task Head_without_an_end_is_given_up()
    {
        await using var daemon = new FakeDaemon(async (stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 101 Switching\r\n"u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync("X-Endless: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"u8.ToArray(), token);
            }
        });

        var failure = await Assert.ThrowsAsync<BuildxException>(() => ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc, Token));

        Assert.Equal(BuildxFailure.ProtocolViolation, failure.Failure);
        Assert.Contains("64 KiB", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusal_without_an_end_is_cut()
    {
        await using var daemon = new FakeDaemon(async (stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 500 Oops\r\n\r\n"u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync(new byte[1024], token);
            }
        });

        var failure = await Assert.ThrowsAsync<BuildxException>(() => ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc, Token));

        Assert.Equal(BuildxFailure.EngineError, failure.Failure);
        Assert.InRange(failure.Message.Length, 1, 2000);
    }

    [Fact]
    public async Task Daemon_that_never_answers_is_given_up_with_its_name()
    {
        await using var daemon = new FakeDaemon((_, token) => Task.Delay(Timeout.Infinite, token));

        var failure = await Assert.ThrowsAsync<BuildxException>(
            () => ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc with { Timeout = TimeSpan.FromMilliseconds(100) }, Token));

        Assert.Equal(BuildxFailure.TimedOut, failure.Failure);
        Assert.True(failure.IsTransient);
        Assert.Contains(daemon.Endpoint.Address, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_stays_a_cancel()
    {
        await using var daemon = new FakeDaemon((_, token) => Task.Delay(Timeout.Infinite, token));
        using var source = new CancellationTokenSource();

        var opening = ConnectionUpgrade.OpenAsync(daemon.Connector, s_grpc, source.Token);
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("d28")]
    [InlineData("d28c")]
    public async Task Real_daemon_opens_its_grpc_tunnel(string engine)
    {
        var connector = ConnectorFactory.Create(
            new EngineEndpoint { Address = TestEngines.Require(engine) }, SslApplicationProtocol.Http11);

        await using var tunnel = await ConnectionUpgrade.OpenAsync(connector, s_grpc, Token);

        await AssertSpeaksHttp2Async(tunnel);
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("d28")]
    public async Task Real_daemon_opens_a_session_and_calls_into_it(string engine)
    {
        var connector = ConnectorFactory.Create(
            new EngineEndpoint { Address = TestEngines.Require(engine) }, SslApplicationProtocol.Http11);

        await using var tunnel = await new DockerSessionTransport(connector).OpenAsync(
            [
                new("X-Docker-Expose-Session-Uuid", Guid.NewGuid().ToString("N")),
                new("X-Docker-Expose-Session-Grpc-Method", "/grpc.health.v1.Health/Check"),
                new("X-Docker-Expose-Session-Grpc-Method", "/moby.filesync.v1.FileSync/DiffCopy"),
            ],
            Token);

        var preface = new byte[24];
        await tunnel.ReadExactlyAsync(preface, Token);
        Assert.Equal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Encoding.ASCII.GetString(preface));
    }

    [Fact]
    public async Task Real_daemon_says_why_it_opens_no_session()
    {
        var connector = ConnectorFactory.Create(
            new EngineEndpoint { Address = TestEngines.Require("d28") }, SslApplicationProtocol.Http11);

        var failure = await Assert.ThrowsAsync<BuildxException>(
            () => ConnectionUpgrade.OpenAsync(connector, new UpgradeRequest { Path = "/session", Protocol = "nonsense" }, Token));

        Assert.Equal(BuildxFailure.EngineError, failure.Failure);
        Assert.Contains("protocol nonsense not supported", failure.Message, StringComparison.Ordinal);
    }

    internal static async Task AssertSpeaksHttp2Async(Stream tunnel)
    {
        // The preface and an empty SETTINGS frame; a server answers with SETTINGS (type 4) of its own.
        await tunnel.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray(), Token);
        var frame = new byte[9];
        await tunnel.ReadExactlyAsync(frame, Token);
        Assert.Equal(4, frame[3]);
    }
}
