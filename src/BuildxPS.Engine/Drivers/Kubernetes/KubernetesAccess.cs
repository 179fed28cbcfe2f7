using BuildxPS.Engine.Configuration;
using k8s;
using k8s.Exceptions;
using k8s.KubeConfigModels;
using YamlDotNet.Core;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>Finds out which cluster a node is in, and as whom it is reached: as buildx does, by kubeconfig files or the pod that this runs in.</summary>
internal static class KubernetesAccess
{
    private const string Scheme = "kubernetes://";

    /// <summary>Reads what is needed to reach a node's cluster. A user's exec section runs its command.</summary>
    /// <param name="endpoint">The node's endpoint: <c>kubernetes:///NAME?deployment=NODE&amp;kubeconfig=FILE</c>.</param>
    /// <param name="environment">Where this client runs.</param>
    /// <param name="context">The kubeconfig's context; null for its current one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The configuration, with the namespace where it says one.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ClusterConfigInvalid"/>: there is no usable configuration.</exception>
    public static async Task<KubernetesClientConfiguration> ReadAsync(string endpoint, ClientEnvironment environment, string? context, CancellationToken cancellationToken)
    {
        var files = FilesFor(endpoint, environment);
        try
        {
            var merged = await ReadFilesAsync(files).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (merged is not null)
            {
                // Runs the command of an exec section, and waits for it.
                return await Task.Run(() => KubernetesClientConfiguration.BuildConfigFromConfigObject(merged, context), cancellationToken)
                    .WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            if (context is null && KubernetesClientConfiguration.IsInCluster())
            {
                return KubernetesClientConfiguration.InClusterConfig();
            }
        }
        catch (Exception e) when (e is KubeConfigException or YamlException or IOException or UnauthorizedAccessException or FormatException)
        {
            throw Invalid(files, DisplayText.Line(e.Message), e);
        }

        throw Invalid(files, "there is no such file", null);
    }

    /// <summary>The endpoint of a new node.</summary>
    /// <param name="builder">The builder's name.</param>
    /// <param name="node">The node's name, which makes the endpoint unique.</param>
    /// <param name="environment">Where this client runs.</param>
    /// <returns>As buildx writes it.</returns>
    public static string EndpointFor(string builder, string node, ClientEnvironment environment)
        => $"{Scheme}/{builder}?deployment={Uri.EscapeDataString(node)}&kubeconfig={Uri.EscapeDataString(environment["KUBECONFIG"] ?? "")}";

    private static string[] FilesFor(string endpoint, ClientEnvironment environment)
    {
        // The endpoint holds the variable as it was when the node was made, which may be a list.
        var list = endpoint.StartsWith(Scheme, StringComparison.Ordinal)
            && endpoint.IndexOf('?', StringComparison.Ordinal) is > 0 and var query
            && System.Web.HttpUtility.ParseQueryString(endpoint[(query + 1)..])["kubeconfig"] is { Length: > 0 } stored
            ? stored
            : environment["KUBECONFIG"];
        return !string.IsNullOrEmpty(list)
            ? list.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            : [Path.Join(environment.HomeDirectory, ".kube", "config")];
    }

    // What an earlier file says wins, as in kubectl.
    private static async Task<K8SConfiguration?> ReadFilesAsync(IReadOnlyList<string> files)
    {
        K8SConfiguration? merged = null;
        foreach (var file in files.Where(File.Exists))
        {
            var one = await KubernetesClientConfiguration.LoadKubeConfigAsync(new FileInfo(file), useRelativePaths: true).ConfigureAwait(false);
            if (merged is null)
            {
                merged = one;
                continue;
            }

            merged.CurrentContext ??= one.CurrentContext;
            merged.Contexts = Merge(merged.Contexts, one.Contexts, c => c.Name);
            merged.Clusters = Merge(merged.Clusters, one.Clusters, c => c.Name);
            merged.Users = Merge(merged.Users, one.Users, u => u.Name);
        }

        return merged;
    }

    private static IEnumerable<T> Merge<T>(IEnumerable<T>? first, IEnumerable<T>? second, Func<T, string> nameOf)
        => [.. (first ?? []).Concat(second ?? []).DistinctBy(nameOf, StringComparer.Ordinal)];

    private static BuildxException Invalid(IReadOnlyList<string> files, string reason, Exception? inner) => new(
        BuildxFailure.ClusterConfigInvalid,
        $"The kubernetes cluster cannot be found: {string.Join(", ", files.Select(f => DisplayText.Line(f)))}: {reason}",
        "Give the path of a kubeconfig in KUBECONFIG, or write one to ~/.kube/config; its current context says which cluster is meant.",
        inner);
}
