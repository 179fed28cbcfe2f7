using BuildxPS.Engine.Builders.Configuration;

namespace BuildxPS.Engine.Builders;

/// <summary>What becomes different about a builder that is there. What is null or empty stays as it is.</summary>
public sealed record BuilderChange
{
    /// <summary>The builder's name.</summary>
    public required string Name { get; init; }

    /// <summary>The node; null for all.</summary>
    public string? NodeName { get; init; }

    /// <summary>Options of the driver to set; null as a value takes one away.</summary>
    public IReadOnlyDictionary<string, string?> DriverOptions { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>Arguments for buildkitd, in the place of all that there were; null leaves them.</summary>
    public IReadOnlyList<string>? Flags { get; init; }

    /// <summary>A config file in the place of the one that there was, absolute; null leaves it.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>What is said about registries, written into the config.</summary>
    public RegistrySettings Registries { get; init; } = new();

    /// <summary>Platforms that the node is to build, in the place of those that there were; null leaves them.</summary>
    public IReadOnlyList<Platform>? Platforms { get; init; }

    /// <summary>Whether anything changes for an engine that runs, so that it has to be made again.</summary>
    public bool TouchesEngine => DriverOptions.Count > 0 || Flags is not null || ConfigFile is not null || !Registries.IsEmpty;
}
