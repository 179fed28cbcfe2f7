using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Drivers;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>Remote builders whose BuildKit is in a pod that somebody else made, in a stand-in of a cluster.</summary>
public sealed class StandInPodEndpointTests
{
    private static CancellationToken Token => ClusterFixture.Token;

    [Theory]
    [InlineData("kube-pod://{0}", "default")]
    [InlineData("kube-pod://{0}?namespace=builds&container=buildkitd", "builds")]
    [InlineData("kube-pod://{0}?context=other", "builds")]
    public async Task Build_runs_in_the_pod_of_the_endpoint(string endpoint, string space)
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        var pod = await MakePodAsync(fixture, space);
        await new BuilderCreator(fixture.Environment).CreateAsync(
            new BuilderCreation { Name = fixture.Name, Endpoint = string.Format(System.Globalization.CultureInfo.InvariantCulture, endpoint, pod) }, Token);
        fixture.Cluster.Commands.Started.Clear();

        await fixture.BuildAsync(fixture.Request("context", "FROM scratch\nCOPY a.txt /"));

        Assert.Equal(pod, Assert.Single(fixture.Cluster.Commands.Started.Distinct()));
        Assert.Equal("remote", (await new BuilderCatalog(fixture.Environment).GetAsync(fixture.Builder, TimeSpan.FromSeconds(60), Token)).Driver);
    }

    [Fact]
    public async Task Missing_pod_and_unknown_context_are_named()
    {
        await using var fixture = await ClusterFixture.CreateAsync();
        await new BuilderCreator(fixture.Environment).CreateAsync(new BuilderCreation { Name = fixture.Name, Endpoint = "kube-pod://gone" }, Token);
        await new BuilderCreator(fixture.Environment).CreateAsync(new BuilderCreation { Name = fixture.Name + "x", Endpoint = "kube-pod://gone?context=elsewhere" }, Token);
        var request = fixture.Request("context", "FROM scratch\nCOPY a.txt /");

        var pod = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(request));
        var context = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(request with { Builder = new BuilderSelection { Name = fixture.Name + "x" } }));

        Assert.Equal(BuildxFailure.EngineUnreachable, pod.Failure);
        Assert.Contains("no pod 'gone' in the namespace 'default'", pod.Message, StringComparison.Ordinal);
        Assert.Equal(BuildxFailure.ClusterConfigInvalid, context.Failure);
        Assert.Contains("elsewhere", context.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kube-pod://")]
    [InlineData("kube-pod://Pod")]
    [InlineData("kube-pod://pod/../x")]
    [InlineData("kube-pod://pod?namespace=a%2Fb")]
    [InlineData("kube-pod://pod?container=a_b")]
    public void Endpoint_that_names_no_pod_is_refused(string endpoint)
        => Assert.Equal(BuildxFailure.EndpointInvalid, Assert.Throws<BuildxException>(() => RemoteEndpoint.Parse(endpoint, hasTls: false)).Failure);

    // Somebody else's: made without a builder of this list.
    private static async Task<string> MakePodAsync(ClusterFixture fixture, string space)
    {
        var creation = fixture.Creation(("namespace", space));
        await new BuilderCreator(fixture.Environment).CreateAsync(creation, Token);
        await fixture.StartAsync();
        await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name, KeepDaemon = true }, Token);
        return Assert.Single(fixture.Cluster.Store.Names("pods"))["pods/".Length..];
    }
}
