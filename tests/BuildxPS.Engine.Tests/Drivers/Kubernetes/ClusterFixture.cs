using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Tests.Builds;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>An empty list of builders and a stand-in of a cluster, with a kubeconfig for it.</summary>
internal sealed class ClusterFixture : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    private readonly TemporaryFolder _home = new();

    private ClusterFixture(StandInCluster cluster)
    {
        Cluster = cluster;
        WriteConfig(cluster.Config());
    }

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public StandInCluster Cluster { get; }

    /// <summary>A name that no other test has.</summary>
    public string Name { get; } = "bxk-" + Guid.NewGuid().ToString("n")[..10];

    public string Home => _home.Path;

    public BuilderSelection Builder => new() { Name = Name };

    public ClientEnvironment Environment => new()
    {
        HomeDirectory = _home.Path,
        Variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DOCKER_CONFIG"] = _home.Path,
            ["BUILDX_CONFIG"] = Path.Join(_home.Path, "buildx"),
            ["DOCKER_HOST"] = "unix:///nowhere/d.sock",
            ["KUBECONFIG"] = KubeConfig,
        },
    };

    public string KubeConfig => Path.Join(_home.Path, "kube", "config");

    public BuilderLifecycle Lifecycle => new(Environment);

    public static async Task<ClusterFixture> CreateAsync() => new(await StandInCluster.StartAsync());

    public void WriteConfig(string text) => _home.Write("kube/config", text);

    public string Write(string relativePath, string text) => _home.Write(relativePath, text);

    public BuilderCreation Creation(params (string Name, string Value)[] options) => new()
    {
        Name = Name,
        Driver = "kubernetes",
        DriverOptions = options.ToDictionary(o => o.Name, o => o.Value, StringComparer.Ordinal),
    };

    public Task<CreatedBuilder> CreateBuilderAsync(params (string Name, string Value)[] options)
        => new BuilderCreator(Environment).CreateAsync(Creation(options), Token);

    public async Task<List<BuildEvent>> StartAsync()
    {
        var events = new List<BuildEvent>();
        await foreach (var e in Lifecycle.StartAsync(Builder, Token).WithLimit(s_limit))
        {
            events.Add(e);
        }

        return events;
    }

    public Task<BuildxException> FailStartAsync() => Assert.ThrowsAnyAsync<BuildxException>(StartAsync);

    public async Task<Node> GetNodeAsync()
        => (await new BuilderCatalog(Environment).GetAsync(Builder, TimeSpan.FromSeconds(60), Token)).Nodes[0];

    public async Task<BuildResult> BuildAsync(BuildRequest request, Action<BuildEvent>? see = null)
    {
        BuildEvent? last = null;
        await foreach (var e in new BuildRunner(Environment).RunAsync(request, Token).WithLimit(s_limit))
        {
            see?.Invoke(e);
            last = e;
        }

        return Assert.IsType<BuildCompleted>(last).Result;
    }

    /// <summary>A build whose context no other one has.</summary>
    public BuildRequest Request(string folder, string dockerfile)
    {
        _home.Write($"{folder}/a.txt", $"text of {folder}\n");
        _home.Write($"{folder}/Dockerfile", $"{dockerfile}\nLABEL id={Name}-{folder}\n");
        return new BuildRequest { ContextPath = Path.Join(_home.Path, folder), Builder = Builder, Outputs = [OutputSpec.Parse("type=cacheonly")] };
    }

    /// <summary>Waits for what the cluster does in its own time.</summary>
    public static async Task EventuallyAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        _home.Dispose();
        Assert.True(Cluster.Mistakes.IsEmpty, string.Join('\n', Cluster.Mistakes));
    }
}
