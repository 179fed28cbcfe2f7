using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Drivers.Kubernetes;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>Builds in pods: the cluster is a stand-in, and the BuildKit in its pods is real.</summary>
public sealed class StandInClusterBuildTests
{
    private static readonly Platform[] s_platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")];

    private static CancellationToken Token => ClusterFixture.Token;

    [Fact]
    public async Task Build_of_two_platforms_boots_a_pod_and_pushes_an_index()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync();
        Assert.Empty(fixture.Cluster.Requests);
        var image = $"{TestEngines.Registry("plain")}/kube/{Guid.NewGuid():N}:1";
        var events = new List<BuildEvent>();

        var result = await fixture.BuildAsync(
            fixture.Request("context", "FROM scratch\nCOPY a.txt /") with { Tags = [ImageReference.Parse(image)], Platforms = s_platforms, Push = true, Outputs = [] }, events.Add);

        Assert.Contains(events.OfType<VertexChanged>(), v => v.Name == "[internal] booting buildkit" && v.Completed is not null && v.Error is null);
        Assert.Equal(s_platforms, result.PlatformImages!.Select(i => i.Platform));
        using var client = new RegistryClient(new RegistryClientOptions { Environment = fixture.Environment });
        Assert.Equal(2, Assert.IsType<ImageIndex>(await new Engine.Images.ImageInspector(client).InspectAsync(ImageReference.Parse(image), Token)).Platforms.Count);
        Assert.Equal([$"deployments/{fixture.Name}0"], fixture.Cluster.Store.Names("deployments", "configmaps", "statefulsets"));
        Assert.All(fixture.Cluster.Commands.Protocols, p => Assert.Equal("v5.channel.k8s.io", p));
    }

    [Fact]
    public async Task Builder_of_a_node_for_each_architecture_pushes_one_index()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        var (amd, arm) = (fixture.Creation(("nodeselector", "kubernetes.io/arch=amd64")), fixture.Creation(("nodeselector", "kubernetes.io/arch=arm64")));
        await new BuilderCreator(fixture.Environment).CreateAsync(amd with { Platforms = [s_platforms[0]] }, Token);
        await new BuilderNodes(fixture.Environment).AddAsync(arm with { Platforms = [s_platforms[1]] }, Token);
        var image = $"{TestEngines.Registry("plain")}/kube/{Guid.NewGuid():N}:1";

        var result = await fixture.BuildAsync(
            fixture.Request("context", "FROM scratch\nCOPY a.txt /") with { Tags = [ImageReference.Parse(image)], Platforms = s_platforms, Push = true, Outputs = [] });

        Assert.Equal([$"{fixture.Name}0: linux/amd64", $"{fixture.Name}1: linux/arm64"], result.Nodes.Select(n => n.ToString()));
        Assert.Equal([$"deployments/{fixture.Name}0", $"deployments/{fixture.Name}1"], fixture.Cluster.Store.Names("deployments"));
        Assert.Equal(2, fixture.Cluster.Commands.Started.Distinct().Count());
        using var client = new RegistryClient(new RegistryClientOptions { Environment = fixture.Environment });
        Assert.Equal(2, Assert.IsType<ImageIndex>(await new Engine.Images.ImageInspector(client).InspectAsync(ImageReference.Parse(image), Token)).Platforms.Count);
    }

    [Fact]
    public async Task Older_cluster_is_spoken_to_in_version_4()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        fixture.Cluster.Commands.Known = ["v4.channel.k8s.io"];
        await fixture.CreateBuilderAsync();

        await fixture.BuildAsync(fixture.Request("context", "FROM scratch\nCOPY a.txt /"));

        Assert.NotEmpty(fixture.Cluster.Commands.Protocols);
        Assert.All(fixture.Cluster.Commands.Protocols, p => Assert.Equal("v4.channel.k8s.io", p));
    }

    [Fact]
    public async Task Builds_at_once_are_spread_over_all_pods()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync(("replicas", "4"), ("loadbalance", "random"));
        await fixture.StartAsync();
        fixture.Cluster.Commands.Started.Clear();

        // That one of four pods gets none of 32 happens once in some thousand times.
        for (var round = 0; round < 3 && fixture.Cluster.Commands.Started.Distinct().Count() < 4; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 32).Select(i => fixture.BuildAsync(fixture.Request($"context-{round}-{i}", "FROM scratch\nCOPY a.txt /"))));
        }

        Assert.Equal(fixture.Cluster.Store.Names("pods"), fixture.Cluster.Commands.Started.Distinct().Select(p => "pods/" + p).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Builds_at_once_make_a_new_builder_once()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await new BuilderCreator(fixture.Environment).CreateAsync(fixture.Creation() with { ConfigText = "debug = true\n" }, Token);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => fixture.BuildAsync(fixture.Request("context-" + i, "FROM scratch\nCOPY a.txt /"))));

        Assert.Equal(["ConfigMap", "Deployment"], fixture.Cluster.Created.Select(o => (string?)o["kind"]));
        Assert.Single(fixture.Cluster.Store.Names("pods"));
    }

    [Fact]
    public async Task Builds_of_one_context_stay_in_one_pod()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync(("replicas", "4"));
        await fixture.StartAsync();
        fixture.Cluster.Commands.Started.Clear();
        var request = fixture.Request("context", "FROM scratch\nCOPY a.txt /");

        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => fixture.BuildAsync(request)));
        var pod = Assert.Single(fixture.Cluster.Commands.Started.Distinct());
        Assert.Equal(PodRing.Choose([.. fixture.Cluster.Store.Names("pods").Select(p => p["pods/".Length..])], request.ContextPath), pod);
        await fixture.BuildAsync(request with { ContextPath = request.ContextPath + Path.DirectorySeparatorChar });

        Assert.Equal(pod, Assert.Single(fixture.Cluster.Commands.Started.Distinct()));
    }

    [Fact]
    public async Task Pod_that_is_evicted_fails_its_build_alone_and_is_named()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await fixture.CreateBuilderAsync(("replicas", "2"));
        await fixture.StartAsync();
        var (first, second) = ContextsOfTwoPods(fixture);
        var (firstRuns, secondRuns) = (new TaskCompletionSource(), new TaskCompletionSource());
        var lost = fixture.BuildAsync(fixture.Request(first.Folder, $"FROM alpine\nRUN echo {fixture.Name} lost; sleep 300"), e => Note(e, firstRuns));
        var other = fixture.BuildAsync(fixture.Request(second.Folder, $"FROM alpine\nRUN echo {fixture.Name} other; sleep 2"), e => Note(e, secondRuns));
        await await Task.WhenAny(Task.WhenAll(firstRuns.Task, secondRuns.Task), lost, other);
        Assert.Equal(2, fixture.Cluster.Commands.Started.Distinct().Count());
        fixture.Cluster.Pods.Kill("default", first.Pod);

        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => lost);
        await other;
        Assert.Equal(BuildxFailure.EngineLost, failure.Failure);
        Assert.Contains(first.Pod, failure.Message, StringComparison.Ordinal);

        await fixture.BuildAsync(fixture.Request(first.Folder, "FROM scratch\nCOPY a.txt /"));
        Assert.NotEqual(first.Pod, fixture.Cluster.Commands.Started.Last());
    }

    private static void Note(BuildEvent e, TaskCompletionSource runs)
    {
        if (e is VertexLog)
        {
            runs.TrySetResult();
        }
    }

    /// <summary>A context for each of two pods, by the ring; where the pods' names put them is by chance.</summary>
    private static ((string Folder, string Pod) First, (string Folder, string Pod) Second) ContextsOfTwoPods(ClusterFixture fixture)
    {
        List<string> pods = [.. fixture.Cluster.Store.Names("pods").Select(p => p["pods/".Length..])];
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; found.Count < pods.Count; i++)
        {
            found.TryAdd(PodRing.Choose(pods, Path.Join(fixture.Home, "context-" + i)), "context-" + i);
        }

        return ((found.First().Value, found.First().Key), (found.Last().Value, found.Last().Key));
    }
}
