namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>What a node in a cluster is to be.</summary>
internal sealed record KubernetesNode
{
    /// <summary>The node's name.</summary>
    public required string Name { get; init; }

    /// <summary>The driver's options.</summary>
    public required KubernetesOptions Options { get; init; }

    /// <summary>Platforms that the user assigned to it.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Arguments for buildkitd.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>Files for <c>/etc/buildkit</c>, by path below it.</summary>
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>(StringComparer.Ordinal);
}
