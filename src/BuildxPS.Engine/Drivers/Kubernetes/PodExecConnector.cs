using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>Reaches the BuildKit in a pod through <c>buildctl dial-stdio</c>, which the cluster runs there.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="pod">The pod's name.</param>
/// <param name="container">The container in it; null where it has one.</param>
internal sealed class PodExecConnector(KubernetesCluster cluster, string pod, string? container) : IConnector
{
    private const int Attempts = 5;

    private static readonly string[] s_dial = ["buildctl", "dial-stdio"];
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public string Address => $"{cluster.Server}, namespace {cluster.Namespace}, pod {pod}";

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        // A node that has just joined is ready before its kubelet's certificate is, so that the first attempts may fail.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var socket = await cluster.ExecuteAsync(pod, container, s_dial, cancellationToken).ConfigureAwait(false);
                return new PodExecStream(socket, new ExecFailures(cluster.Server, container is null ? $"of the pod {pod}" : $"{container} of the pod {pod}", string.Join(' ', s_dial), expectsText: false));
            }
            catch (BuildxException e) when (e.IsTransient && attempt < Attempts)
            {
                await Task.Delay(s_pause * (1 << (attempt - 1)), cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
