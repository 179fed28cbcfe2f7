namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>A pod as an endpoint of the driver remote names it: <c>kube-pod://POD?context=&amp;namespace=&amp;container=</c>.</summary>
internal sealed record PodEndpoint
{
    /// <summary>The pod's name.</summary>
    public required string Pod { get; init; }

    /// <summary>The kubeconfig's context; null for its current one.</summary>
    public string? Context { get; init; }

    /// <summary>The namespace; null for the context's.</summary>
    public string? Namespace { get; init; }

    /// <summary>The container; null where the pod has one.</summary>
    public string? Container { get; init; }

    /// <summary>Parses an endpoint.</summary>
    /// <param name="text">The endpoint, for messages.</param>
    /// <param name="rest">What is behind its scheme.</param>
    /// <returns>The pod.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EndpointInvalid"/>.</exception>
    public static PodEndpoint Parse(string text, string rest)
    {
        var query = rest.IndexOf('?', StringComparison.Ordinal);
        var values = System.Web.HttpUtility.ParseQueryString(query < 0 ? "" : rest[(query + 1)..]);
        var endpoint = new PodEndpoint
        {
            Pod = query < 0 ? rest : rest[..query],
            Context = Given(values["context"]),
            Namespace = Given(values["namespace"]),
            Container = Given(values["container"]),
        };
        return endpoint.Pod.Length > 0 && IsName(endpoint.Pod) && IsName(endpoint.Namespace) && IsName(endpoint.Container)
            ? endpoint
            : throw new BuildxException(
                BuildxFailure.EndpointInvalid,
                $"The endpoint '{DisplayText.Line(text)}' does not name a pod, a namespace or a container as kubernetes does.",
                "Write it as kube-pod://NAME or kube-pod://NAME?context=CONTEXT&namespace=NAMESPACE&container=CONTAINER; names have small letters, digits, dots and dashes.");
    }

    private static bool IsName(string? text) => text is null || text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.');

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
