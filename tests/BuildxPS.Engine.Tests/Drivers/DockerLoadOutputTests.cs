using System.Text;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Tests.Connections;

namespace BuildxPS.Engine.Tests.Drivers;

public sealed class DockerLoadOutputTests
{
    private const string Loaded = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\n{\"stream\":\"Loaded image: a\"}\n\r\n0\r\n\r\n";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly List<BuildEvent> _events = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Archive_reaches_the_daemon_and_ends_only_when_it_is_committed()
    {
        var got = new TaskCompletionSource<string>();
        var requests = 0;
        await using var daemon = Daemon(async (stream, token) =>
        {
            Interlocked.Increment(ref requests);
            got.SetResult(await ReadBodyAsync(stream, token));
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Loaded), token);
        });
        await using (var output = Output(daemon))
        {
            await using (var stream = await output.OpenAsync(Nothing, Token))
            {
                await stream.WriteAsync("hello "u8.ToArray(), Token);
                await stream.WriteAsync(ReadOnlyMemory<byte>.Empty, Token);
                await stream.WriteAsync("archive"u8.ToArray(), Token);
            }

            Assert.False(got.Task.IsCompleted);
            await output.CommitAsync(Token).WaitAsync(s_limit, Token);
        }

        Assert.Equal("6\r\nhello \r\n7\r\narchive\r\n0\r\n\r\n", await got.Task);
        Assert.Equal(1, requests);
        var step = Assert.IsType<VertexChanged>(_events[^1]);
        Assert.Equal(("importing to docker", null), (step.Name, step.Error));
        Assert.NotNull(step.Completed);
        Assert.Equal(13, _events.OfType<VertexProgress>().Last().Current);
    }

    [Fact]
    public async Task Archive_that_is_not_committed_has_no_end()
    {
        var got = new TaskCompletionSource<string>();
        await using var daemon = Daemon(async (stream, token) => got.SetResult(await ReadBodyAsync(stream, token)));
        await using (var output = Output(daemon))
        {
            await using var stream = await output.OpenAsync(Nothing, Token);
            await stream.WriteAsync("part"u8.ToArray(), Token);
        }

        Assert.Equal("4\r\npart\r\n", await got.Task.WaitAsync(s_limit, Token));
    }

    [Theory]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 34\r\n\r\n{\"message\":\"invalid tar \u001b[31m head\"}", BuildxFailure.ImageLoadFailed, "invalid tar")]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 46\r\n\r\n{\"message\":\"write /x: no space left on device\"}", BuildxFailure.DiskFull, "no space left")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 19\r\n\r\n{\"message\":\"never\"}", BuildxFailure.EngineAccessDenied, "never")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n19\r\n{\"error\":\"layer is broken\"}\r\n0\r\n\r\n", BuildxFailure.EngineLost, "broke")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1b\r\n{\"error\":\"layer is broken\"}\r\n0\r\n\r\n", BuildxFailure.ImageLoadFailed, "layer is broken")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\n{\"stream\":\"Loaded image: a\"}\n\r\n", BuildxFailure.EngineLost, "broke")]
    [InlineData("", BuildxFailure.EngineLost, "broke")]
    [InlineData("SSH-2.0-x\r\n\r\n", BuildxFailure.ProtocolViolation, "not a docker daemon")]
    public async Task Answer_tells_why_the_image_was_not_taken(string answer, BuildxFailure failure, string expected)
    {
        await using var daemon = Daemon(async (stream, token) =>
        {
            await ReadBodyAsync(stream, token);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), token);
        });
        await using var output = Output(daemon);
        await using (var stream = await output.OpenAsync(Nothing, Token))
        {
            await stream.WriteAsync("archive"u8.ToArray(), Token);
        }

        var error = await Assert.ThrowsAsync<BuildxException>(() => output.CommitAsync(Token).WaitAsync(s_limit, Token));
        Assert.Equal(failure, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.Equal(error.Message, Assert.IsType<VertexChanged>(_events[^1]).Error);
    }

    [Fact]
    public async Task Daemon_that_cannot_go_on_is_heard_while_the_archive_is_sent()
    {
        await using var daemon = Daemon(async (stream, token) =>
        {
            await stream.ReadAtLeastAsync(new byte[100], 100, cancellationToken: token);
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 26\r\n\r\n{\"message\":\"out of inodes\"}"), token);
        });
        await using var output = Output(daemon);
        var error = await Assert.ThrowsAsync<BuildxException>(() => SendAsync().WaitAsync(s_limit, Token));
        Assert.Equal(BuildxFailure.ImageLoadFailed, error.Failure);
        Assert.Contains("out of inodes", error.Message, StringComparison.Ordinal);

        async Task SendAsync()
        {
            await using var stream = await output.OpenAsync(Nothing, Token);
            var piece = new byte[64 * 1024];
            while (true)
            {
                await stream.WriteAsync(piece, Token);
            }
        }
    }

    [Fact]
    public async Task Answer_without_end_is_not_kept()
    {
        await using var daemon = Daemon(async (stream, token) =>
        {
            await ReadBodyAsync(stream, token);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(), token);
            while (true)
            {
                await stream.WriteAsync("2\r\n{}\r\n"u8.ToArray(), token);
            }
        });
        await using var output = Output(daemon);
        await using var stream = await output.OpenAsync(Nothing, Token);
        var error = await Assert.ThrowsAsync<BuildxException>(() => output.CommitAsync(Token).WaitAsync(s_limit, Token));
        Assert.Equal(BuildxFailure.ProtocolViolation, error.Failure);
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_for_a_daemon_that_is_silent()
    {
        using var cancel = new CancellationTokenSource();
        await using var daemon = Daemon(async (stream, token) =>
        {
            await ReadBodyAsync(stream, token);
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, token);
        });
        await using var output = Output(daemon);
        await using var stream = await output.OpenAsync(Nothing, Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => output.CommitAsync(cancel.Token).WaitAsync(s_limit, Token));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Daemon_that_stalls_is_given_up_once_it_does_not_answer_at_all(bool inTheArchive)
    {
        var pings = 0;
        await using var daemon = Daemon(
            async (stream, token) =>
            {
                if (!inTheArchive)
                {
                    await ReadBodyAsync(stream, token);
                }

                await Task.Delay(Timeout.Infinite, token);
            },
            // The first is the client's greeting, and the second comes while it is only slow.
            token => Interlocked.Increment(ref pings) <= 2 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, token));
        await using var output = Output(daemon, TimeSpan.FromSeconds(4));
        var error = await Assert.ThrowsAsync<BuildxException>(() => SendAsync().WaitAsync(s_limit, Token));
        Assert.Equal((BuildxFailure.EngineLost, true), (error.Failure, error.IsTransient));
        Assert.Contains(daemon.Endpoint.Address, error.Message, StringComparison.Ordinal);
        Assert.InRange(pings, 3, 4);

        async Task SendAsync()
        {
            await using var stream = await output.OpenAsync(Nothing, Token);
            for (var i = 0; i < (inTheArchive ? 1000 : 1); i++)
            {
                await stream.WriteAsync(new byte[64 * 1024], Token);
            }

            await output.CommitAsync(Token);
        }
    }

    private static Dictionary<string, string> Nothing => [];

    private static FakeDaemon Daemon(Func<Stream, CancellationToken, Task> load, Func<CancellationToken, Task>? ping = null) => new(async (stream, token) =>
    {
        var head = await FakeDaemon.ReadHeadAsync(stream, token);
        if (head.StartsWith("GET /_ping", StringComparison.Ordinal))
        {
            await (ping?.Invoke(token) ?? Task.CompletedTask);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"u8.ToArray(), token);
            return;
        }

        Assert.StartsWith("POST /v1.41/images/load?quiet=1 HTTP/1.1\r\n", head, StringComparison.Ordinal);
        await load(stream, token);
    });

    private static async Task<string> ReadBodyAsync(Stream stream, CancellationToken token)
    {
        var body = new StringBuilder();
        var buffer = new byte[4096];
        while (!body.ToString().EndsWith("0\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer, token) is > 0 and var read)
        {
            body.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return body.ToString();
    }

    private DockerLoadOutput Output(FakeDaemon daemon, TimeSpan? timeout = null, LoadPlan? plan = null) => new(new DockerDaemon(daemon.Endpoint, timeout), plan ?? new LoadPlan { Store = new DockerImageStore(false, null) }, (e, _) =>
    {
        _events.Add(e);
        return ValueTask.CompletedTask;
    });
}
