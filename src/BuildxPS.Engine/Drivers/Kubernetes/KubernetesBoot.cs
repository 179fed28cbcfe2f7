using System.Diagnostics;
using System.Globalization;
using k8s;
using k8s.Models;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>Brings a node's pods up, and says what the cluster says while they do not come.</summary>
internal sealed class KubernetesBoot(KubernetesCluster cluster, KubernetesNode node, KubernetesObjects objects, Func<BuildEvent, CancellationToken, ValueTask> report)
{
    private const int CrashesUntilHopeless = 3;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    // A WebSocket is asked for with GET, which is the verb for all versions; newer ones ask for create as well.
    private static readonly (string Verb, string Resource)[] s_always = [("get", "pods"), ("list", "pods"), ("watch", "pods"), ("get", "pods/exec"), ("create", "pods/exec")];

    private readonly BootSteps _steps = new(report);
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private string _lastWords = "";

    /// <summary>Starts the node; returns at once where it runs.</summary>
    /// <param name="cancellationToken">Gives up; pods that were asked for come up without this client.</param>
    /// <returns>A task.</returns>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var found = await cluster.FindAsync(objects, cancellationToken).ConfigureAwait(false);
        if (found is { Ready: > 0 })
        {
            // A pod that is replaced, or a node of the cluster that is lost, is no reason for builds to wait.
            return;
        }

        await _steps.RunAsync(() => BootAsync(found?.Wanted, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task BootAsync(int? wanted, CancellationToken cancellationToken)
    {
        if (wanted is null)
        {
            await RefuseAsync(cancellationToken).ConfigureAwait(false);
            await ForgetAsync(cancellationToken).ConfigureAwait(false);
            await OutliveAsync(cancellationToken).ConfigureAwait(false);
            await _steps.PartAsync($"creating {objects.Resource} {objects.Name}", () => cluster.CreateAsync(objects, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        else if (wanted < objects.Replicas)
        {
            await _steps.PartAsync(
                FormattableString.Invariant($"scaling {objects.Name} to {objects.Replicas}"),
                () => cluster.ScaleAsync(objects, objects.Replicas, cancellationToken),
                cancellationToken).ConfigureAwait(false);
        }

        await _steps.PartAsync(
            FormattableString.Invariant($"waiting for {objects.Replicas} pods to be ready, timeout: {ElapsedTime.Format(node.Options.Timeout)}"),
            () => WaitAsync(cancellationToken),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks for all rights before the first object is made, so that nothing is left behind for want of the last one.</summary>
    private async Task RefuseAsync(CancellationToken cancellationToken)
    {
        IEnumerable<(string Verb, string Resource)> needed =
        [
            ("create", objects.Resource),
            .. objects.ConfigMaps.Count > 0 ? (ReadOnlySpan<(string, string)>)[("create", "configmaps"), ("update", "configmaps")] : [],
            .. s_always,
        ];
        foreach (var (verb, resource) in needed)
        {
            if (await cluster.FindRefusalAsync(verb, resource, cancellationToken).ConfigureAwait(false) is { } reason)
            {
                throw cluster.Failures.Forbidden(verb, resource, reason);
            }
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(node.Options.Timeout);
        using var listening = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var words = ListenAsync(listening.Token);
        try
        {
            await WatchAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A last look: what keeps the pods may have been said just now.
            await words.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await SayWarningsAsync(cancellationToken).ConfigureAwait(false);
            if (await IsReadyAsync((await cluster.ListPodsAsync(objects.Selector, cancellationToken).ConfigureAwait(false)).Pods, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            throw Failed(FormattableString.Invariant($"{objects.Replicas} pods were not ready within {ElapsedTime.Format(node.Options.Timeout)}"));
        }
        finally
        {
            await listening.CancelAsync().ConfigureAwait(false);
            await words.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (list, version) = await cluster.ListPodsAsync(objects.Selector, cancellationToken).ConfigureAwait(false);
            var pods = list.ToDictionary(p => p.Metadata.Name, StringComparer.Ordinal);
            if (await IsReadyAsync(pods.Values, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            await foreach (var (type, pod) in cluster.WatchPodsAsync(objects.Selector, version, cancellationToken).ConfigureAwait(false))
            {
                if (Apply(pods, type, pod) && await IsReadyAsync(pods.Values, cancellationToken).ConfigureAwait(false))
                {
                    return;
                }
            }

            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool Apply(Dictionary<string, V1Pod> pods, WatchEventType type, V1Pod pod)
    {
        switch (type)
        {
            case WatchEventType.Added or WatchEventType.Modified:
                pods[pod.Metadata.Name] = pod;
                return true;
            case WatchEventType.Deleted:
                pods.Remove(pod.Metadata.Name);
                return true;
            default:
                return false;
        }
    }

    private async Task<bool> IsReadyAsync(IReadOnlyCollection<V1Pod> pods, CancellationToken cancellationToken)
    {
        foreach (var pod in pods)
        {
            foreach (var status in (pod.Status?.InitContainerStatuses ?? []).Concat(pod.Status?.ContainerStatuses ?? []))
            {
                if (status.State?.Waiting is { Reason: { } reason } waiting && reason is not ("ContainerCreating" or "PodInitializing"))
                {
                    await SayAsync($"pod {pod.Metadata.Name}: {DisplayText.Line(reason)}{(waiting.Message is null ? "" : ": " + DisplayText.Line(waiting.Message))}", cancellationToken).ConfigureAwait(false);
                    Refuse(pod.Metadata.Name, status, reason);
                }
            }
        }

        return pods.Count(PodState.IsReady) >= objects.Replicas;
    }

    // What no waiting changes.
    private void Refuse(string pod, V1ContainerStatus status, string reason)
    {
        if (reason is "InvalidImageName" or "CreateContainerConfigError")
        {
            throw Failed($"the pod {pod} cannot be started");
        }

        if (reason == "CrashLoopBackOff" && status.RestartCount >= CrashesUntilHopeless)
        {
            var last = status.LastState?.Terminated;
            throw Failed(string.Create(
                CultureInfo.InvariantCulture,
                $"BuildKit in the pod {pod} was started {status.RestartCount + 1} times and ended each time{(last is null ? "" : $", last with exit code {last.ExitCode}")}{(last?.Message is { } words ? ": " + DisplayText.Line(words) : "")}"));
        }
    }

    /// <summary>
    /// Waits until the cluster has begun to end all pods of a workload of this name that was removed: until then they look like
    /// the new one's.
    /// </summary>
    private async Task OutliveAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while ((await cluster.ListPodsAsync(objects.Selector, cancellationToken).ConfigureAwait(false)).Pods.FirstOrDefault(p => p.Metadata.DeletionTimestamp is null) is { } pod
            && await cluster.FindAsync(objects, cancellationToken).ConfigureAwait(false) is null)
        {
            if (Stopwatch.GetElapsedTime(started) > node.Options.Timeout)
            {
                throw Failed($"the pod {pod.Metadata.Name}, which has its labels, is not the node's and does not end");
            }

            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What was said before is about a former try: a cluster keeps events for an hour.</summary>
    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        try
        {
            _known.UnionWith((await cluster.ListWarningsAsync(objects.Name, cancellationToken).ConfigureAwait(false)).Select(w => w.Id));
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.ClusterForbidden)
        {
            // Who may not read events still sees what the pods themselves say.
        }
    }

    /// <summary>Reads what the cluster says of the workload and its pods: what is said of no pod, such as a quota, is said there alone.</summary>
    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        while (await SayWarningsAsync(cancellationToken).ConfigureAwait(false))
        {
            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> SayWarningsAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var warning in await cluster.ListWarningsAsync(objects.Name, cancellationToken).ConfigureAwait(false))
            {
                if (_known.Add(warning.Id))
                {
                    await SayAsync($"{warning.About}: {warning}", cancellationToken).ConfigureAwait(false);
                }
            }

            return true;
        }
        catch (BuildxException e)
        {
            // Who may not read events still sees what the pods themselves say.
            return e.IsTransient;
        }
    }

    private async ValueTask SayAsync(string words, CancellationToken cancellationToken)
    {
        bool isNew;
        lock (_said)
        {
            _lastWords = words;
            isNew = _said.Add(words);
        }

        if (isNew)
        {
            await _steps.LogAsync(words, cancellationToken).ConfigureAwait(false);
        }
    }

    private BuildxException Failed(string what) => new(
        BuildxFailure.BuilderNotBootable,
        $"The node '{node.Name}' does not come up in the namespace '{cluster.Namespace}' of the cluster at {cluster.Server}: {what}.{(_lastWords.Length == 0 ? "" : $" The cluster says: {_lastWords}")}",
        "Correct what the cluster names: as a rule the image, a request that no machine has room for, a quota, or a policy against privileged pods (driver option rootless). The option timeout waits longer.");
}
