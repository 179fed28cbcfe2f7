using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Builders;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>What a start, a stop and a removal do to the objects of a cluster, for which there is a stand-in.</summary>
public sealed class StandInClusterBootTests
{
    private static readonly string[] s_left = ["deployments", "statefulsets", "configmaps", "pods", "persistentvolumeclaims"];

    private static CancellationToken Token => ClusterFixture.Token;

    public static TheoryData<string, string> Failures => new()
    {
        { "unscheduled", "FailedScheduling: 0/3 nodes are available: 3 Insufficient cpu." },
        { "image", "ErrImagePull: no such image: registry.example/buildkit:none" },
        { "quota", "FailedCreate: Error creating: pods \"x\" is forbidden: exceeded quota: compute" },
        { "admission", "FailedCreate: Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": privileged" },
        { "crash", "started 4 times and ended each time, last with exit code 1: buildkitd: no such flag" },
        { "name", "InvalidImageName: Failed to apply default image tag" },
    };

    private static StandInFate FateOf(string failure) => failure switch
    {
        "unscheduled" => new StandInFate { IsUnscheduled = true, Warning = ("FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu.") },
        "image" => new StandInFate { Waiting = "ErrImagePull", Words = "no such image: registry.example/buildkit:none" },
        "quota" => new StandInFate { IsRefused = true, Warning = ("FailedCreate", "Error creating: pods \"x\" is forbidden: exceeded quota: compute") },
        "admission" => new StandInFate { IsRefused = true, Warning = ("FailedCreate", "Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": privileged") },
        "crash" => new StandInFate { Waiting = "CrashLoopBackOff", Words = "back-off 40s restarting failed container", Restarts = 3, LastWords = "buildkitd: no such flag" },
        _ => new StandInFate { Waiting = "InvalidImageName", Words = "Failed to apply default image tag" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Pod_that_does_not_start_is_explained_in_the_clusters_words(string failure, string words)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        fixture.Cluster.Pods.Fate = FateOf(failure);

        // What no waiting changes does not wait; the rest does, for as long as the option says.
        await fixture.CreateBuilderAsync(("timeout", failure is "crash" or "name" ? "5m" : "1500ms"));

        var e = await fixture.FailStartAsync();

        Assert.Equal(BuildxFailure.BuilderNotBootable, e.Failure);
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
        Assert.Contains("'default'", e.Message, StringComparison.Ordinal);

        // What the cluster still knows of this try is not said of the next one.
        await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name }, Token);
        await ClusterFixture.EventuallyAsync(() => fixture.Cluster.Store.Names(s_left).Count == 0);
        fixture.Cluster.Pods.Fate = new StandInFate();
        await fixture.CreateBuilderAsync();
        var events = await fixture.StartAsync();
        Assert.DoesNotContain(events.OfType<VertexLog>(), l => Encoding.UTF8.GetString(l.Data.Span).Contains(words[..12], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_that_is_forgotten_goes_on_with_a_new_list()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        fixture.Cluster.Pods.Pace = TimeSpan.FromSeconds(10);
        await fixture.CreateBuilderAsync();
        var start = fixture.StartAsync();
        await ClusterFixture.EventuallyAsync(() => fixture.Cluster.Requests.Contains("watch pods"));
        fixture.Cluster.Store.Compact();

        await start;

        Assert.Equal(2, fixture.Cluster.Requests.Count(r => r == "watch pods"));
    }

    [Fact]
    public async Task Stop_scales_to_nothing_and_removal_leaves_nothing()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await new BuilderCreator(fixture.Environment).CreateAsync(fixture.Creation(("replicas", "2")) with { ConfigText = "debug = true\n" }, Token);
        Assert.Equal(NodeStatus.Inactive, (await fixture.GetNodeAsync()).Status);

        await fixture.StartAsync();
        var running = await fixture.GetNodeAsync();
        Assert.Equal(NodeStatus.Running, running.Status);
        Assert.Equal(["Running", "Running"], running.Pods.Select(p => p.Phase));
        Assert.All(running.Pods, p => Assert.True(p is { IsReady: true, Host: "machine-1", Restarts: 0 }));
        Assert.Equal([$"configmaps/{fixture.Name}0-config", $"deployments/{fixture.Name}0"], fixture.Cluster.Store.Names("deployments", "configmaps"));

        await fixture.Lifecycle.StopAsync(fixture.Builder, Token);
        await ClusterFixture.EventuallyAsync(() => fixture.Cluster.Store.Names("pods").Count == 0);
        var stopped = await fixture.GetNodeAsync();
        Assert.Equal(NodeStatus.Stopped, stopped.Status);
        Assert.Empty(stopped.Pods);

        await fixture.StartAsync();
        Assert.Equal(2, fixture.Cluster.Store.Names("pods").Count);

        await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name }, Token);
        await ClusterFixture.EventuallyAsync(() => fixture.Cluster.Store.Names(s_left).Count == 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Removal_takes_the_claims_unless_the_state_is_kept(bool keepState)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync(("replicas", "2"), ("persistent-volume-claim.requests.storage", "1Gi"));
        await fixture.StartAsync();
        Assert.Equal([$"pods/{fixture.Name}0-0", $"pods/{fixture.Name}0-1"], fixture.Cluster.Store.Names("pods"));

        await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name, KeepState = keepState }, Token);

        string[] kept = [$"persistentvolumeclaims/buildkitd-{fixture.Name}0-0", $"persistentvolumeclaims/buildkitd-{fixture.Name}0-1"];
        await ClusterFixture.EventuallyAsync(() => fixture.Cluster.Store.Names("pods").Count == 0);
        Assert.Equal(keepState ? kept : [], fixture.Cluster.Store.Names(s_left));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1Gi")]
    public async Task Changed_builder_has_new_pods_and_its_claims(string claim)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync(("replicas", "2"), ("image", "own:1"), ("persistent-volume-claim.requests.storage", claim));
        await fixture.StartAsync();
        var claims = fixture.Cluster.Store.Names("persistentvolumeclaims");

        await foreach (var _ in new BuilderChanger(fixture.Environment).ChangeAsync(
            new BuilderChange { Name = fixture.Name, DriverOptions = new Dictionary<string, string?> { ["image"] = "own:2" } }, Token))
        {
        }

        // The cluster takes its time to end the former pods; builds do not go to them, though they still answer.
        var pods = fixture.Cluster.Store.List("pods", "default", p => p["metadata"]!["deletionTimestamp"] is null).Items;
        Assert.Equal(["own:2", "own:2"], pods.Select(p => (string?)p["spec"]!["containers"]![0]!["image"]));
        Assert.Equal(["Running", "Running"], pods.Select(p => (string?)p["status"]!["phase"]));
        Assert.Equal(claims, fixture.Cluster.Store.Names("persistentvolumeclaims"));
        Assert.Equal(claim.Length == 0 ? 0 : 2, claims.Count);
    }

    [Fact]
    public async Task Pod_that_is_not_the_nodes_own_is_named()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync(("timeout", "1ms"));
        fixture.Cluster.Store.Add("pods", "default", JsonNode.Parse("""
            {"metadata": {"name": "stranger", "labels": {"app": "NODE"}, "ownerReferences": [{}]}, "spec": {"containers": []}}
            """.Replace("NODE", fixture.Name + "0", StringComparison.Ordinal))!.AsObject());

        var e = await fixture.FailStartAsync();

        Assert.Equal(BuildxFailure.BuilderNotBootable, e.Failure);
        Assert.Contains("stranger", e.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Cluster.Store.Names("deployments"));
    }

    [Fact]
    public async Task Config_that_another_try_left_is_replaced()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        var creation = fixture.Creation() with { ConfigText = "debug = true\n" };
        await new BuilderCreator(fixture.Environment).CreateAsync(creation, Token);
        fixture.Cluster.Store.Add("configmaps", "default", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = fixture.Name + "0-config" },
            ["data"] = new JsonObject { ["buildkitd.toml"] = "old" },
        });

        await fixture.StartAsync();

        Assert.Contains("debug = true", (string)fixture.Cluster.Store.Find("configmaps", "default", fixture.Name + "0-config")!["data"]!["buildkitd.toml"]!, StringComparison.Ordinal);
    }
}
