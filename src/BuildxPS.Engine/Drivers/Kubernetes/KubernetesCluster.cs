using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>The calls of a cluster's API that the driver needs, in one namespace, with failures that say what was refused.</summary>
internal sealed partial class KubernetesCluster : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);

    private readonly k8s.Kubernetes _client;
    private readonly TimeSpan _limit;

    /// <summary>Makes a client. Nothing is contacted.</summary>
    /// <param name="configuration">How the API server is reached, and as whom.</param>
    /// <param name="space">The namespace; null for the configuration's.</param>
    /// <param name="timeout">How long one call may take; null for 20 seconds.</param>
    public KubernetesCluster(KubernetesClientConfiguration configuration, string? space, TimeSpan? timeout)
    {
        _limit = timeout ?? s_timeout;
        Server = configuration.Host;
        Namespace = Given(space) ?? Given(configuration.Namespace) ?? "default";
        Failures = new KubernetesFailures(Server, Namespace, _limit);

        // Calls have their own limit, and watches have none.
        configuration.HttpClientTimeout = System.Threading.Timeout.InfiniteTimeSpan;
        _client = new k8s.Kubernetes(configuration) { CreateWebSocketBuilder = () => new PodExecSocket() };
    }

    /// <summary>The API server's address.</summary>
    public string Server { get; }

    /// <summary>The namespace.</summary>
    public string Namespace { get; }

    /// <summary>Explains what goes wrong.</summary>
    public KubernetesFailures Failures { get; }

    /// <summary>How a node's workload stands.</summary>
    /// <param name="objects">The node's objects.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many pods are wanted, and how many are ready; null where there is no workload.</returns>
    public Task<(int Wanted, int Ready)?> FindAsync(KubernetesObjects objects, CancellationToken cancellationToken)
        => MaybeAsync("get", objects.Resource, async token =>
        {
            if (objects.Deployment is not null)
            {
                var deployment = await _client.AppsV1.ReadNamespacedDeploymentAsync(objects.Name, Namespace, cancellationToken: token).ConfigureAwait(false);
                return (deployment.Spec?.Replicas ?? 1, deployment.Status?.ReadyReplicas ?? 0);
            }

            var set = await _client.AppsV1.ReadNamespacedStatefulSetAsync(objects.Name, Namespace, cancellationToken: token).ConfigureAwait(false);
            return ((int, int)?)(set.Spec?.Replicas ?? 1, set.Status?.ReadyReplicas ?? 0);
        }, cancellationToken);

    /// <summary>Makes a node's objects; config that is there is replaced, a workload that is there is another client's.</summary>
    /// <param name="objects">The objects.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task CreateAsync(KubernetesObjects objects, CancellationToken cancellationToken)
    {
        foreach (var map in objects.ConfigMaps)
        {
            if (!await TryCreateAsync("configmaps", token => _client.CoreV1.CreateNamespacedConfigMapAsync(map, Namespace, cancellationToken: token), cancellationToken).ConfigureAwait(false))
            {
                await CallAsync("update", "configmaps", token => _client.CoreV1.ReplaceNamespacedConfigMapAsync(map, map.Metadata.Name, Namespace, cancellationToken: token), cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        await TryCreateAsync(
            objects.Resource,
            async token => objects.Deployment is { } deployment
                ? await _client.AppsV1.CreateNamespacedDeploymentAsync(deployment, Namespace, cancellationToken: token).ConfigureAwait(false)
                : (object)await _client.AppsV1.CreateNamespacedStatefulSetAsync(objects.StatefulSet!, Namespace, cancellationToken: token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Changes how many pods a node has.</summary>
    /// <param name="objects">The node's objects.</param>
    /// <param name="replicas">How many.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False where there is no workload.</returns>
    public async Task<bool> ScaleAsync(KubernetesObjects objects, int replicas, CancellationToken cancellationToken)
    {
        var patch = new V1Patch(FormattableString.Invariant($"{{\"spec\":{{\"replicas\":{replicas}}}}}"), V1Patch.PatchType.MergePatch);
        return await MaybeAsync("patch", objects.Resource + "/scale", async token =>
        {
            _ = objects.Deployment is not null
                ? await _client.AppsV1.PatchNamespacedDeploymentScaleAsync(patch, objects.Name, Namespace, cancellationToken: token).ConfigureAwait(false)
                : await _client.AppsV1.PatchNamespacedStatefulSetScaleAsync(patch, objects.Name, Namespace, cancellationToken: token).ConfigureAwait(false);
            return (bool?)true;
        }, cancellationToken).ConfigureAwait(false) ?? false;
    }

    /// <summary>Removes a node's objects; what is not there is no failure.</summary>
    /// <param name="objects">The objects.</param>
    /// <param name="keepState">Whether the claims with the cache stay.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task DeleteAsync(KubernetesObjects objects, bool keepState, CancellationToken cancellationToken)
    {
        await DeleteAsync(
            objects.Resource,
            async token => _ = objects.Deployment is not null
                ? await _client.AppsV1.DeleteNamespacedDeploymentAsync(objects.Name, Namespace, propagationPolicy: "Background", cancellationToken: token).ConfigureAwait(false)
                : await _client.AppsV1.DeleteNamespacedStatefulSetAsync(objects.Name, Namespace, propagationPolicy: "Background", cancellationToken: token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        foreach (var map in objects.ConfigMaps)
        {
            await DeleteAsync("configmaps", token => _client.CoreV1.DeleteNamespacedConfigMapAsync(map.Metadata.Name, Namespace, cancellationToken: token), cancellationToken)
                .ConfigureAwait(false);
        }

        if (objects.StatefulSet is not null && !keepState)
        {
            await CallAsync(
                "deletecollection",
                "persistentvolumeclaims",
                token => _client.CoreV1.DeleteCollectionNamespacedPersistentVolumeClaimAsync(Namespace, labelSelector: objects.Selector, cancellationToken: token),
                cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A node's pods, whatever their state.</summary>
    /// <param name="selector">Finds them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The pods, and from where a watch goes on.</returns>
    public async Task<(IReadOnlyList<V1Pod> Pods, string Version)> ListPodsAsync(string selector, CancellationToken cancellationToken)
    {
        var list = await CallAsync("list", "pods", token => _client.CoreV1.ListNamespacedPodAsync(Namespace, labelSelector: selector, cancellationToken: token), cancellationToken)
            .ConfigureAwait(false);
        return ([.. list.Items.OrderBy(p => p.Metadata.Name, StringComparer.Ordinal)], list.Metadata?.ResourceVersion ?? "");
    }

    /// <summary>What the cluster says about objects of a name and those made of them, warnings only, newest last.</summary>
    /// <param name="name">The workload's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Reason and words.</returns>
    public async Task<IReadOnlyList<ClusterWarning>> ListWarningsAsync(string name, CancellationToken cancellationToken)
    {
        var list = await CallAsync("list", "events", token => _client.CoreV1.ListNamespacedEventAsync(Namespace, fieldSelector: "type=Warning", limit: 500, cancellationToken: token), cancellationToken)
            .ConfigureAwait(false);
        return
        [
            .. list.Items
                .Where(e => e.InvolvedObject?.Name is { } about && (about == name || about.StartsWith(name + "-", StringComparison.Ordinal)))
                .OrderBy(e => e.LastTimestamp ?? e.EventTime ?? e.Metadata?.CreationTimestamp)
                .Select(e => new ClusterWarning(e.InvolvedObject.Name, DisplayText.Line(e.Reason), DisplayText.Line(e.Message), $"{e.Metadata?.Uid} {e.Metadata?.ResourceVersion}")),
        ];
    }

    /// <summary>Whether this user may do something.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="resource">The resource: <c>deployments.apps</c>, <c>pods/exec</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where it is allowed, or the API server does not say; else why not.</returns>
    public async Task<string?> FindRefusalAsync(string verb, string resource, CancellationToken cancellationToken)
    {
        var dot = resource.IndexOf('.', StringComparison.Ordinal);
        var plural = dot < 0 ? resource : resource[..dot];
        var slash = plural.IndexOf('/', StringComparison.Ordinal);
        var review = new V1SelfSubjectAccessReview
        {
            ApiVersion = "authorization.k8s.io/v1",
            Kind = "SelfSubjectAccessReview",
            Spec = new V1SelfSubjectAccessReviewSpec
            {
                ResourceAttributes = new V1ResourceAttributes
                {
                    NamespaceProperty = Namespace,
                    Verb = verb,
                    Group = dot < 0 ? "" : resource[(dot + 1)..],
                    Resource = slash < 0 ? plural : plural[..slash],
                    Subresource = slash < 0 ? null : plural[(slash + 1)..],
                },
            },
        };
        var answer = await CallAsync(
            "create",
            "selfsubjectaccessreviews.authorization.k8s.io",
            token => _client.AuthorizationV1.CreateSelfSubjectAccessReviewAsync(review, cancellationToken: token),
            cancellationToken).ConfigureAwait(false);
        return answer.Status?.Allowed ?? true ? null : DisplayText.Line(answer.Status!.Reason ?? "");
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private async Task<bool> TryCreateAsync<T>(string resource, Func<CancellationToken, Task<T>> create, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            await CallAsync("create", resource, create, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (BuildxException e) when (e.InnerException is HttpOperationException { Response.StatusCode: HttpStatusCode.Conflict })
        {
            return false;
        }
    }

    private async Task DeleteAsync<T>(string resource, Func<CancellationToken, Task<T>> delete, CancellationToken cancellationToken)
        => await MaybeAsync(
            "delete",
            resource,
            async token =>
            {
                await delete(token).ConfigureAwait(false);
                return (bool?)true;
            },
            cancellationToken).ConfigureAwait(false);

    private async Task<T?> MaybeAsync<T>(string verb, string resource, Func<CancellationToken, Task<T?>> call, CancellationToken cancellationToken)
        where T : struct
    {
        try
        {
            return await CallAsync(verb, resource, call, cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e is { Failure: BuildxFailure.EngineError, InnerException: HttpOperationException { Response.StatusCode: HttpStatusCode.NotFound } })
        {
            return null;
        }
    }

    private async Task<T> CallAsync<T>(string verb, string resource, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_limit);
        try
        {
            return await call(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (Failures.Explain(e, verb, resource) is { } failure)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw failure;
        }
    }
}
