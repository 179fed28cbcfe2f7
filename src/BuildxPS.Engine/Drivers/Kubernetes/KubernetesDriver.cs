using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using k8s.Models;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>BuildKits in pods of a cluster, made and named as buildx does.</summary>
/// <param name="connect">Finds the cluster, once it is needed: a login may take a command that runs for a while.</param>
/// <param name="node">What the node is to be.</param>
internal sealed class KubernetesDriver(Func<CancellationToken, Task<KubernetesCluster>> connect, KubernetesNode node) : IDriver
{
    /// <summary>The driver's name in buildx.</summary>
    public const string DriverName = "kubernetes";

    private readonly KubernetesObjects _objects = KubernetesObjects.Create(node);
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private KubernetesCluster? _cluster;

    /// <inheritdoc/>
    public string Name => DriverName;

    /// <inheritdoc/>
    public DriverFeatures GetFeatures(EngineDescription engine) => new() { HasContainerdStore = true, LoadsByDefault = node.Options.LoadsByDefault };

    /// <inheritdoc/>
    public async Task<NodeStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        var cluster = await ClusterAsync(cancellationToken).ConfigureAwait(false);
        return await cluster.FindAsync(_objects, cancellationToken).ConfigureAwait(false) switch
        {
            null => NodeStatus.Inactive,
            { Ready: > 0 } => NodeStatus.Running,
            _ => NodeStatus.Stopped,
        };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NodePod>> GetPodsAsync(CancellationToken cancellationToken)
    {
        var cluster = await ClusterAsync(cancellationToken).ConfigureAwait(false);
        return [.. (await cluster.ListPodsAsync(_objects.Selector, cancellationToken).ConfigureAwait(false)).Pods.Select(PodState.Describe)];
    }

    /// <inheritdoc/>
    public Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken) => ConnectAsync("", cancellationToken);

    /// <inheritdoc/>
    public bool HasSeveralEngines => true;

    /// <inheritdoc/>
    public async Task<IBuildEngine> ConnectAsync(string key, CancellationToken cancellationToken)
    {
        var cluster = await ClusterAsync(cancellationToken).ConfigureAwait(false);
        var pod = await ChooseAsync(cluster, key, cancellationToken).ConfigureAwait(false);
        var connector = new PodExecConnector(cluster, pod.Metadata.Name, pod.Spec.Containers[0].Name);
        return new BuildKitEngine(connector, null, connector.Address);
    }

    /// <inheritdoc/>
    public async Task BootAsync(Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
        => await new KubernetesBoot(await ClusterAsync(cancellationToken).ConfigureAwait(false), node, _objects, report).RunAsync(cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
        => await (await ClusterAsync(cancellationToken).ConfigureAwait(false)).ScaleAsync(_objects, 0, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task RemoveAsync(bool keepState, CancellationToken cancellationToken)
        => await (await ClusterAsync(cancellationToken).ConfigureAwait(false)).DeleteAsync(_objects, keepState, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _cluster?.Dispose();
        _connecting.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<V1Pod> ChooseAsync(KubernetesCluster cluster, string key, CancellationToken cancellationToken)
    {
        var (pods, _) = await cluster.ListPodsAsync(_objects.Selector, cancellationToken).ConfigureAwait(false);
        List<V1Pod> usable = [.. pods.Where(p => PodState.IsRunning(p) && p.Spec?.Containers is { Count: > 0 })];
        if (usable.Any(PodState.IsReady))
        {
            usable.RemoveAll(p => !PodState.IsReady(p));
        }

        if (usable.Count == 0)
        {
            throw new BuildxException(
                BuildxFailure.EngineUnreachable,
                $"No pod of the node '{node.Name}' runs in the namespace '{cluster.Namespace}' of the cluster at {cluster.Server}.",
                "Start the builder with Start-BuildxBuilder, which says what keeps its pods from running; Get-BuildxBuilder shows them.")
            { IsTransient = true };
        }

        var name = node.Options.LoadBalance == LoadBalance.Random
            ? usable[RandomNumberGenerator.GetInt32(usable.Count)].Metadata.Name
            : PodRing.Choose([.. usable.Select(p => p.Metadata.Name)], key);
        return usable.First(p => p.Metadata.Name == name);
    }

    private async Task<KubernetesCluster> ClusterAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _cluster ??= await connect(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _connecting.Release();
        }
    }
}
