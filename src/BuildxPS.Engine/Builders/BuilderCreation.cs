using BuildxPS.Engine.Builders.Configuration;

namespace BuildxPS.Engine.Builders;

/// <summary>What a new builder is to be: <c>docker buildx create</c>.</summary>
public sealed record BuilderCreation
{
    /// <summary>Its name; null for a random one.</summary>
    public string? Name { get; init; }

    /// <summary>Its driver; null for <c>docker-container</c>.</summary>
    public string? Driver { get; init; }

    /// <summary>Name of its node; null for the builder's name with a zero behind.</summary>
    public string? NodeName { get; init; }

    /// <summary>A docker context or an engine's address; null for the current context's.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Options of the driver.</summary>
    public IReadOnlyDictionary<string, string> DriverOptions { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Arguments for buildkitd; a text with several is split as a shell does.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>A config file in TOML for buildkitd, absolute; null for the user's own default, if there is one.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>The config itself instead of <see cref="ConfigFile"/>; null for none.</summary>
    public string? ConfigText { get; init; }

    /// <summary>What is said about registries besides the config.</summary>
    public RegistrySettings Registries { get; init; } = new();

    /// <summary>Platforms that the node is to build.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Whether it becomes the current builder.</summary>
    public bool Use { get; init; }
}

/// <summary>A builder that was created.</summary>
public sealed record CreatedBuilder
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What the user should know, one line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
