namespace BuildxPS;

/// <summary>What docker's command line runs in the place of <c>docker builder</c>, and so of <c>docker build</c>.</summary>
public sealed record BuildxAlias
{
    /// <summary>The command that it stands for: <c>builder</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The plugin that runs in its place, <c>buildx</c>; null where there is no alias.</summary>
    public string? Plugin { get; init; }

    /// <summary>The plugin's program as docker finds it; null where it finds none, or there is no alias.</summary>
    public string? PluginPath { get; init; }

    /// <summary>The file that it is kept in: docker's <c>config.json</c>.</summary>
    public required string ConfigFile { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Plugin is null ? Name : $"{Name}={Plugin}";
}
