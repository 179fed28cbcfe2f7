using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Drivers;

public sealed class GitHubRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ClientEnvironment Environment(string json, params (string Name, string Value)[] more) => new()
    {
        HomeDirectory = _folder.Path,
        Variables = new Dictionary<string, string>(more.Select(v => KeyValuePair.Create(v.Name, v.Value)))
        {
            ["GITHUB_EVENT_NAME"] = "push",
            ["GITHUB_EVENT_PATH"] = _folder.Write("event.json", json),
        },
    };

    [Fact]
    public void Run_is_described_in_groups_that_are_whole()
    {
        var run = JsonNode.Parse(Encoding.UTF8.GetString(GitHubRun.Describe(Environment(
            """{"a":[1]}""",
            ("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "me"), ("GITHUB_ACTOR_ID", "1"), ("GITHUB_TRIGGERING_ACTOR", "you"), ("GITHUB_REF", "alone")))!))!.AsObject();

        Assert.Equal(["github_actor", "github_actor_id", "github_event_name", "github_event_payload", "github_triggering_actor"], run.Select(p => p.Key));
        Assert.Equal("""{"a":[1]}""", run["github_event_payload"]!.ToJsonString());
    }

    [Fact]
    public void Elsewhere_there_is_nothing_to_describe() => Assert.Null(GitHubRun.Describe(Environment("{}")));

    [Fact]
    public void Event_that_cannot_be_read_is_named()
        => Assert.Contains("event.json", Assert.Throws<BuildxException>(() => GitHubRun.Describe(Environment("{", ("GITHUB_ACTIONS", "true")))).Message, StringComparison.Ordinal);
}
