using System.Net;
using System.Net.WebSockets;
using k8s;
using k8s.Autorest;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <content>Commands in pods.</content>
internal sealed partial class KubernetesCluster
{
    private const string Commands = "pods/exec";

    /// <summary>Starts a command in a pod's container.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="container">The container; null where the pod has one.</param>
    /// <param name="command">The command.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The socket, which the caller disposes.</returns>
    /// <exception cref="BuildxException">Why it cannot be started.</exception>
    public async Task<WebSocket> ExecuteAsync(string pod, string? container, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync(
                "get",
                Commands,
                token => _client.WebSocketNamespacedPodExecAsync(
                    pod, Namespace, command, container, stderr: true, stdin: true, stdout: true, tty: false, webSocketSubProtocol: WebSocketProtocol.V4BinaryWebsocketProtocol, cancellationToken: token),
                cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.ClusterForbidden && e.InnerException is HttpOperationException)
        {
            // The answer to a WebSocket has no words, and it takes two rights.
            foreach (var verb in (string[])["get", "create"])
            {
                if (await FindRefusalAsync(verb, Commands, cancellationToken).ConfigureAwait(false) is { } words)
                {
                    throw Failures.Forbidden(verb, Commands, words, e);
                }
            }

            throw;
        }
        catch (BuildxException e) when (e.InnerException is HttpOperationException { Response.StatusCode: HttpStatusCode.NotFound })
        {
            throw new BuildxException(
                BuildxFailure.EngineUnreachable,
                $"There is no pod '{pod}' in the namespace '{Namespace}' of the cluster at {Server}.",
                "Get-BuildxBuilder shows a builder's pods; for an endpoint of the form kube-pod://, correct its pod, namespace or context.",
                e);
        }
    }
}
