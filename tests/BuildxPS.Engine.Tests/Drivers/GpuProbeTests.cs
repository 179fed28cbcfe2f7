using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Tests.Connections;

namespace BuildxPS.Engine.Tests.Drivers;

/// <summary>A fake daemon with GPUs and one without, since no machine of the tests has any.</summary>
public sealed class GpuProbeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("204 No Content", true)]
    [InlineData("500 Internal Server Error", false)]
    public async Task Fake_daemon_is_asked_with_a_container_that_is_taken_away_again(string answerToStart, bool expected)
    {
        var requests = new List<(string Line, string Body)>();
        await using var fake = new FakeDaemon(async (stream, token) =>
        {
            while (await FakeDaemon.ReadHeadAsync(stream, token) is { Length: > 0 } head)
            {
                var line = head.Split("\r\n")[0];
                requests.Add((line, await ReadBodyAsync(stream, head, token)));
                var (status, body) = line switch
                {
                    _ when line.Contains("/_ping", StringComparison.Ordinal) => ("200 OK\r\nApi-Version: 1.41", "OK"),
                    _ when line.Contains("/create", StringComparison.Ordinal) => ("201 Created", """{"Id":"abc","Warnings":[]}"""),
                    _ when line.Contains("/start", StringComparison.Ordinal) => (answerToStart, expected ? "" : """{"message":"could not select device driver"}"""),
                    _ => ("204 No Content", ""),
                };
                var length = status.StartsWith("204", StringComparison.Ordinal) ? "" : $"Content-Length: {body.Length}\r\n";
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\n{length}\r\n{body}"), token);
            }
        });
        using var daemon = new DockerDaemon(fake.Endpoint);
        var node = new ContainerNode { Name = "b0", Options = new ContainerOptions { Image = "moby/buildkit:x" } };

        var found = await GpuProbe.FindAsync(daemon, node, Token);

        Assert.Equal(expected, found.Count == 1);
        var created = JsonNode.Parse(requests.Single(r => r.Line.Contains("/containers/create", StringComparison.Ordinal)).Body)!;
        Assert.Equal("moby/buildkit:x", (string?)created["Image"]);
        var request = Assert.Single(created["HostConfig"]!["DeviceRequests"]!.AsArray())!;
        Assert.Equal((-1, """[["gpu"]]"""), ((int)request["Count"]!, request["Capabilities"]!.ToJsonString()));
        Assert.Equal("none", (string?)created["HostConfig"]!["NetworkMode"]);
        Assert.StartsWith("DELETE ", requests[^1].Line, StringComparison.Ordinal);
        Assert.Contains("/containers/buildx_buildkit_b0-gpu?", requests[^1].Line, StringComparison.Ordinal);
        var description = ContainerDescription.Create(node, new Docker.DotNet.Models.SystemInfoResponse(), found);
        Assert.Equal(found, description.HostConfig!.DeviceRequests);
    }

    private static async Task<string> ReadBodyAsync(Stream stream, string head, CancellationToken token)
    {
        var body = new StringBuilder();
        var one = new byte[1];
        var length = head.Split("\r\n").FirstOrDefault(l => l.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)) is { } line
            ? int.Parse(line["Content-Length: ".Length..], CultureInfo.InvariantCulture)
            : 0;
        var isChunked = head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase);
        while ((isChunked ? !body.ToString().EndsWith("0\r\n\r\n", StringComparison.Ordinal) : body.Length < length) && await stream.ReadAsync(one, token) > 0)
        {
            body.Append((char)one[0]);
        }

        var text = body.ToString();
        return isChunked ? string.Concat(text.Split("\r\n").Where((_, i) => i % 2 == 1)) : text;
    }
}
