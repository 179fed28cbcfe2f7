using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>Reaches the BuildKit in a pod that somebody else made. The cluster is looked up once it is needed.</summary>
/// <param name="endpoint">The pod.</param>
/// <param name="environment">Where this client runs.</param>
/// <param name="timeout">How long one call may take; null for 20 seconds.</param>
internal sealed class PodConnector(PodEndpoint endpoint, ClientEnvironment environment, TimeSpan? timeout) : IConnector, IDisposable
{
    private readonly SemaphoreSlim _finding = new(1, 1);
    private KubernetesCluster? _cluster;

    /// <inheritdoc/>
    public string Address => _cluster is { } cluster
        ? $"{cluster.Server}, namespace {cluster.Namespace}, pod {endpoint.Pod}"
        : $"kube-pod://{endpoint.Pod}";

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        var cluster = await FindAsync(cancellationToken).ConfigureAwait(false);
        return await new PodExecConnector(cluster, endpoint.Pod, endpoint.Container).ConnectAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cluster?.Dispose();
        _finding.Dispose();
    }

    private async Task<KubernetesCluster> FindAsync(CancellationToken cancellationToken)
    {
        await _finding.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _cluster ??= new KubernetesCluster(
                await KubernetesAccess.ReadAsync("", environment, endpoint.Context, cancellationToken).ConfigureAwait(false), endpoint.Namespace, timeout);
        }
        finally
        {
            _finding.Release();
        }
    }
}
