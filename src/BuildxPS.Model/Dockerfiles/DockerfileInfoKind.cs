namespace BuildxPS;

/// <summary>What there is to know about a Dockerfile.</summary>
public enum DockerfileInfoKind
{
    /// <summary>What a stage takes: build arguments, secrets, SSH agents.</summary>
    Outline,

    /// <summary>Which stages there are.</summary>
    Targets,
}
