using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Text.Json;
using k8s.Autorest;
using k8s.Exceptions;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>Puts what an API server says, or that there is none, into words that name the cluster and what was asked of it.</summary>
/// <param name="server">The API server's address.</param>
/// <param name="space">The namespace.</param>
/// <param name="timeout">How long one call may take.</param>
internal sealed class KubernetesFailures(string server, string space, TimeSpan timeout)
{
    private const int MaxWords = 1000;

    /// <summary>Explains a failed call.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="verb">What was to be done, as roles name it: <c>create</c>.</param>
    /// <param name="resource">To what, as roles name it: <c>deployments.apps</c>.</param>
    /// <returns>The failure; null where it is none of the cluster's.</returns>
    public BuildxException? Explain(Exception error, string verb, string resource) => error switch
    {
        BuildxException known => known,
        HttpOperationException refused => Refused(refused, verb, resource),
        OperationCanceledException or TimeoutException => new BuildxException(
            BuildxFailure.TimedOut,
            FormattableString.Invariant($"The API server at {server} did not answer within {timeout.TotalSeconds:0.#} s ({verb} {resource})."),
            "Try again; if it stays so, look at the load of the cluster's control plane, or choose another one in the kubeconfig.",
            error)
        { IsTransient = true },
        KubeConfigException or KubernetesClientException => new BuildxException(
            BuildxFailure.ClusterConfigInvalid,
            $"There is no login for the API server at {server}: {DisplayText.Line(error.Message)}",
            "Correct the user in the kubeconfig; the command of its exec section must run, and print a credential.",
            error),
        _ when Find<AuthenticationException>(error) is { } tls => new BuildxException(
            BuildxFailure.EngineCertificateInvalid,
            $"The certificate of the API server at {server} is not trusted: {DisplayText.Line(tls.Message)}",
            "Give the kubeconfig's cluster the authority that signed it (certificate-authority).",
            error),
        HttpRequestException or IOException or SocketException or WebSocketException => new BuildxException(
            BuildxFailure.EngineUnreachable,
            $"No API server answers at {server}: {DisplayText.Line(Find<SocketException>(error)?.Message ?? error.Message)}",
            "Check that the cluster runs, and that the kubeconfig's current context is the one that is meant.",
            error)
        { IsTransient = true },
        _ => null,
    };

    /// <summary>A role does not allow what the driver needs.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="resource">The resource, with its group behind a dot, and its part behind a slash.</param>
    /// <param name="words">What the API server said.</param>
    /// <param name="inner">What caused it.</param>
    /// <returns>The failure.</returns>
    public BuildxException Forbidden(string verb, string resource, string words, Exception? inner = null)
    {
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        var dot = resource.IndexOf('.', StringComparison.Ordinal);
        var group = dot < 0 ? "" : resource[(dot + 1)..];
        var name = (dot < 0 ? resource : resource[..dot]) + (slash >= 0 && dot > slash ? resource[slash..dot] : "");
        return new BuildxException(
            BuildxFailure.ClusterForbidden,
            $"This user may not {verb} {resource} in the namespace '{space}' of the cluster at {server}.{(words.Length == 0 ? "" : " " + words)}",
            $"Ask for a role in that namespace with the rule apiGroups: [\"{group}\"], resources: [\"{name}\"], verbs: [\"{verb}\"].",
            inner);
    }

    private BuildxException Refused(HttpOperationException error, string verb, string resource)
    {
        var words = WordsOf(error);
        return error.Response?.StatusCode switch
        {
            HttpStatusCode.Unauthorized => new BuildxException(
                BuildxFailure.ClusterUnauthorized,
                $"The API server at {server} does not accept this login ({verb} {resource}): {words}",
                "The token or certificate in the kubeconfig has as a rule expired: log in again, as with the cluster's own tool.",
                error),
            HttpStatusCode.Forbidden when !words.Contains("exceeded quota", StringComparison.Ordinal) && !words.Contains("denied the request", StringComparison.Ordinal)
                && !words.Contains("violates PodSecurity", StringComparison.Ordinal) => Forbidden(verb, resource, words, error),
            HttpStatusCode.NotFound when words.Contains("namespaces \"", StringComparison.Ordinal) => new BuildxException(
                BuildxFailure.NamespaceNotFound,
                $"The cluster at {server} has no namespace '{space}'.",
                $"Make it (kubectl create namespace {space}), or name another one in the driver option namespace.",
                error),
            var status => new BuildxException(
                BuildxFailure.EngineError,
                FormattableString.Invariant($"The API server at {server} refused to {verb} {resource} in the namespace '{space}' (HTTP {(int)(status ?? 0)}): {words}"),
                "See the API server's own words: as a rule a quota, a policy or a value of a driver option.",
                error)
            { IsTransient = status is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError },
        };
    }

    private static string WordsOf(HttpOperationException error)
    {
        var content = error.Response?.Content;
        if (string.IsNullOrEmpty(content))
        {
            return DisplayText.Line(error.Message);
        }

        try
        {
            using var json = JsonDocument.Parse(content);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("message", out var message) && message.GetString() is { Length: > 0 } words)
            {
                content = words;
            }
        }
        catch (JsonException)
        {
            // A proxy before the API server answers in its own way.
        }

        return DisplayText.Line(content.Length > MaxWords ? content[..MaxWords] : content);
    }

    private static T? Find<T>(Exception? error)
        where T : Exception
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is T found)
            {
                return found;
            }
        }

        return null;
    }
}
