namespace BuildxPS;

/// <summary>
/// Which builder a command is to use. With nothing set, docker's own precedence decides: <c>DOCKER_HOST</c>,
/// <c>DOCKER_CONTEXT</c>, the config file's current context, then the platform's default socket.
/// </summary>
public sealed record BuilderSelection
{
    /// <summary>A builder by name, <c>--builder</c>.</summary>
    public string? Name { get; init; }

    /// <summary>A docker context by name, docker's <c>--context</c>.</summary>
    public string? Context { get; init; }

    /// <summary>An engine's address, docker's <c>--host</c>, for example <c>unix:///var/run/docker.sock</c>.</summary>
    public string? DockerHost { get; init; }
}
