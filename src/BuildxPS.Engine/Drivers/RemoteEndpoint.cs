using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Drivers.Kubernetes;

namespace BuildxPS.Engine.Drivers;

/// <summary>Where a remote BuildKit is, parsed as buildx parses the endpoint of such a node.</summary>
internal sealed record RemoteEndpoint
{
    private const string Container = "docker-container";
    private const string Pod = "kube-pod";
    private const string Schemes = "tcp://HOST:PORT, unix://PATH, npipe:////./pipe/NAME, ssh://USER@HOST[/SOCKET], docker-container://NAME[?context=CONTEXT] "
        + "and kube-pod://NAME[?context=CONTEXT&namespace=NAMESPACE&container=CONTAINER]";

    /// <summary>The endpoint as it was written.</summary>
    public required string Text { get; init; }

    /// <summary>The address of a socket, a port or a host; null for a container.</summary>
    public EngineAddress? Address { get; init; }

    /// <summary>The container that BuildKit runs in; null for an address.</summary>
    public string? ContainerName { get; init; }

    /// <summary>The docker context of the container's daemon; null for the current one.</summary>
    public string? ContextName { get; init; }

    /// <summary>The pod that BuildKit runs in; null for all else.</summary>
    public PodEndpoint? PodEndpoint { get; init; }

    /// <summary>Whether a text's scheme is one that such an endpoint has.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Whether it is; buildx takes it as the sign that the driver remote is meant.</returns>
    public static bool HasScheme(string text)
        => text.IndexOf("://", StringComparison.Ordinal) is > 0 and var end
            && text[..end] is "tcp" or "unix" or "npipe" or "ssh" or Container or Pod or "podman-container" or "nerdctl-container";

    /// <summary>Parses an endpoint.</summary>
    /// <param name="text">For example <c>tcp://build.example:1234</c>.</param>
    /// <param name="hasTls">Whether the connection is to be encrypted.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EndpointInvalid"/> or <see cref="BuildxFailure.EndpointUnsupported"/>.</exception>
    public static RemoteEndpoint Parse(string text, bool hasTls)
    {
        var end = text.IndexOf("://", StringComparison.Ordinal);
        var scheme = end < 0 ? "" : text[..end];
        switch (scheme)
        {
            case "unix" or "ssh" or "npipe" or Pod when hasTls:
                throw new BuildxException(
                    BuildxFailure.EndpointInvalid,
                    $"The endpoint '{DisplayText.Line(text)}' is not reached over TLS, and the driver options name certificates.",
                    "Leave out cacert, cert, key and servername, or name the engine as tcp://HOST:PORT.");
            case "unix" or "ssh" or "npipe" or "tcp":
                return new RemoteEndpoint { Text = text, Address = EngineAddress.Parse(text, hasTls) };
            case Container:
                return ParseContainer(text, text[(end + 3)..]);
            case Pod:
                return new RemoteEndpoint { Text = text, PodEndpoint = PodEndpoint.Parse(text, text[(end + 3)..]) };
            case "podman-container" or "nerdctl-container":
                throw new BuildxException(
                    BuildxFailure.EndpointUnsupported,
                    $"The endpoint '{DisplayText.Line(text)}' uses {scheme}://, which is not available.",
                    $"Endpoints that can be used are {Schemes}.");
            default:
                throw new BuildxException(
                    BuildxFailure.EndpointInvalid,
                    $"The endpoint '{DisplayText.Line(text)}' is not one of the driver remote: {(scheme.Length == 0 ? "it has no scheme" : $"it does not know {DisplayText.Line(scheme)}://")}.",
                    $"Endpoints that can be used are {Schemes}.");
        }
    }

    private static RemoteEndpoint ParseContainer(string text, string rest)
    {
        var query = rest.IndexOf('?', StringComparison.Ordinal);
        var name = query < 0 ? rest : rest[..query];
        var context = query < 0 ? null : System.Web.HttpUtility.ParseQueryString(rest[(query + 1)..])["context"];
        return name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-')
            ? new RemoteEndpoint { Text = text, ContainerName = name, ContextName = string.IsNullOrEmpty(context) ? null : context }
            : throw new BuildxException(
                BuildxFailure.EndpointInvalid,
                $"The endpoint '{DisplayText.Line(text)}' does not name a container.",
                "Write it as docker-container://NAME or docker-container://NAME?context=CONTEXT.");
    }
}
