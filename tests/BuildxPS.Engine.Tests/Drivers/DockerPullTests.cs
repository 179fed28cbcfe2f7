using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Tests.Connections;

namespace BuildxPS.Engine.Tests.Drivers;

/// <summary>Pulls by a fake daemon, for answers that a real one gives only with a large image or a private registry.</summary>
public sealed class DockerPullTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static FakeDaemon Daemon(Action<string> seen, string answer) => new(async (stream, token) =>
    {
        while (await FakeDaemon.ReadHeadAsync(stream, token) is { Length: > 0 } head)
        {
            seen(head);
            var reply = head.Contains("/_ping", StringComparison.Ordinal)
                ? "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"
                : $"HTTP/1.1 200 OK\r\nContent-Length: {answer.Length}\r\n\r\n{answer}";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(reply), token);
        }
    });

    private static async Task<List<(long, long)>> PullAsync(FakeDaemon fake, RegistryCredential? login = null)
    {
        var progress = new List<(long, long)>();
        using var daemon = new DockerDaemon(fake.Endpoint);
        await daemon.PullAsync(
            ImageReference.Parse("r.example/a/b:1"),
            login,
            (current, total) =>
            {
                progress.Add((current, total));
                return ValueTask.CompletedTask;
            },
            Token);
        return progress;
    }

    [Fact]
    public async Task Bytes_of_all_layers_are_added_up()
    {
        await using var fake = Daemon(_ => { }, """
            {"status":"Pulling from a/b","id":"1"}
            {"status":"Downloading","progressDetail":{"current":5,"total":10},"id":"x"}
            {"status":"Downloading","progressDetail":{"current":1,"total":100},"id":"y"}
            {"status":"Extracting","progressDetail":{"current":3,"total":10},"id":"x"}
            {"status":"Downloading","progressDetail":{"current":10,"total":10},"id":"x"}

            """);
        Assert.Equal([(5L, 10L), (6, 110), (11, 110)], await PullAsync(fake));
    }

    [Fact]
    public async Task Failure_in_the_middle_of_the_report_is_a_failure()
    {
        await using var fake = Daemon(_ => { }, "{\"status\":\"x\"}\n{\"errorDetail\":{\"message\":\"m\"},\"error\":\"toomanyrequests\\u001b[2J\"}\n");
        var failure = await Assert.ThrowsAsync<BuildxException>(() => PullAsync(fake));
        Assert.Equal(BuildxFailure.ImageNotFound, failure.Failure);
        Assert.Contains("r.example/a/b:1", failure.Message, StringComparison.Ordinal);
        Assert.Contains("toomanyrequests", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', failure.Message);
    }

    [Fact]
    public async Task Report_that_is_no_json_is_a_broken_protocol()
    {
        await using var fake = Daemon(_ => { }, "<html>\n");
        Assert.Equal(BuildxFailure.ProtocolViolation, (await Assert.ThrowsAsync<BuildxException>(() => PullAsync(fake))).Failure);
    }

    [Fact]
    public async Task Line_without_an_end_is_not_kept()
    {
        await using var fake = Daemon(_ => { }, new string('x', 100_000));
        Assert.Equal(BuildxFailure.ProtocolViolation, (await Assert.ThrowsAsync<BuildxException>(() => PullAsync(fake))).Failure);
    }

    [Fact]
    public async Task Login_is_handed_over_for_this_registry()
    {
        var heads = new List<string>();
        await using var fake = Daemon(heads.Add, "{}\n");
        await PullAsync(fake, new RegistryCredential { Source = "test", Username = "me", Password = "a?>b" });

        var header = heads[^1].Split("\r\n").Single(l => l.StartsWith("X-Registry-Auth: ", StringComparison.Ordinal))["X-Registry-Auth: ".Length..];
        var login = JsonNode.Parse(Convert.FromBase64String(header.Replace('-', '+').Replace('_', '/')))!;
        Assert.Equal(("me", "a?>b", "r.example"), ((string?)login["username"], (string?)login["password"], (string?)login["serveraddress"]));
        Assert.Contains("fromImage=r.example%2Fa%2Fb&tag=1", heads[^1], StringComparison.Ordinal);
    }
}
