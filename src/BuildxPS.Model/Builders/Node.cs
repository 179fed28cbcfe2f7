namespace BuildxPS;

/// <summary>One engine of a builder.</summary>
public sealed record Node
{
    /// <summary>The node's name, unique in its builder.</summary>
    public required string Name { get; init; }

    /// <summary>The address or context that reaches it.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Whether it runs.</summary>
    public NodeStatus Status { get; init; }

    /// <summary>Platforms that it can run, its own first.</summary>
    public IReadOnlyList<Platform> Platforms { get; init => field = Indexable.From(value); } = ShownList<Platform>.Empty;

    /// <summary>Those of <see cref="Platforms"/> that the user assigned to it.</summary>
    public IReadOnlyList<Platform> ExplicitPlatforms { get; init => field = Indexable.From(value); } = ShownList<Platform>.Empty;

    /// <summary>Its BuildKit's version; null if not known.</summary>
    public string? BuildKitVersion { get; init; }

    /// <summary>Options of its driver, as they were given; empty for none.</summary>
    public IReadOnlyDictionary<string, string> DriverOptions { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>Arguments that its buildkitd is started with, besides the config file.</summary>
    public IReadOnlyList<string> Flags { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>Its config files by path below <c>/etc/buildkit</c>, without private keys.</summary>
    public IReadOnlyDictionary<string, string> ConfigFiles { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>Its worker's labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>Its worker's rules for cleaning the cache, in order.</summary>
    public IReadOnlyList<GcRule> GcPolicy { get; init => field = Indexable.From(value); } = ShownList<GcRule>.Empty;

    /// <summary>Names of devices that builds may ask for.</summary>
    public IReadOnlyList<string> Devices { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>Its pods, where it is in a kubernetes cluster.</summary>
    public IReadOnlyList<NodePod> Pods { get; init => field = Indexable.From(value); } = ShownList<NodePod>.Empty;

    /// <summary>Why it could not be asked; null if it could.</summary>
    public string? Error { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
