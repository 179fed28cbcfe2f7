using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <content>Changes as they happen.</content>
internal sealed partial class KubernetesCluster
{
    /// <summary>What becomes of a node's pods from now on.</summary>
    /// <param name="selector">Finds them.</param>
    /// <param name="version">Where the list that is known ended.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The changes. They end when the list must be read anew: the API server ended the watch or forgot the version, or the
    /// connection broke.
    /// </returns>
    /// <exception cref="BuildxException">The watch is refused.</exception>
    public async IAsyncEnumerable<(WatchEventType Type, V1Pod Pod)> WatchPodsAsync(string selector, string version, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Without a handler, what cannot be read would be left out in silence.
        var changes = _client.CoreV1.WatchListNamespacedPodAsync(
            Namespace, allowWatchBookmarks: true, labelSelector: selector, resourceVersion: version, onError: e => throw e, cancellationToken: cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        await using (changes.ConfigureAwait(false))
        {
            while (await MoveAsync(changes, cancellationToken).ConfigureAwait(false))
            {
                yield return changes.Current;
            }
        }
    }

    private async ValueTask<bool> MoveAsync<T>(IAsyncEnumerator<T> changes, CancellationToken cancellationToken)
    {
        try
        {
            return await changes.MoveNextAsync().ConfigureAwait(false);
        }
        catch (HttpOperationException e) when (e.Response?.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden && Failures.Explain(e, "watch", "pods") is { } refusal)
        {
            throw refusal;
        }
        catch (Exception e) when (e is KubernetesException or HttpOperationException or HttpRequestException or IOException or JsonException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }
}
