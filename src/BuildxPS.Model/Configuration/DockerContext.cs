namespace BuildxPS;

/// <summary>A docker context: a name for an engine's address and certificates.</summary>
public sealed record DockerContext
{
    /// <summary>The context's name; <c>default</c> is the one that the environment describes.</summary>
    public required string Name { get; init; }

    /// <summary>What its maker wrote about it; empty for none.</summary>
    public string Description { get; init; } = "";

    /// <summary>The engine's address, for example <c>unix:///var/run/docker.sock</c>; empty where the context has none.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>Whether a command without <c>-Context</c> uses it.</summary>
    public bool IsCurrent { get; init; }

    /// <summary>Why it cannot be used; null if it can.</summary>
    public string? Error { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
