using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>What a build is put together from. Tests put other parts in.</summary>
internal sealed record BuildParts
{
    /// <summary>Finds the builder.</summary>
    public required Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> ResolveBuilder { get; init; }

    /// <summary>Opens a folder for the engine to read.</summary>
    public required Func<string, IFileSource> OpenSource { get; init; }

    /// <summary>Makes a place for an output's files; refuses a destination that cannot be written.</summary>
    public required Func<PlannedOutput, IExportOutput> CreateOutput { get; init; }

    /// <summary>Proxy variables that the docker configuration has for an endpoint.</summary>
    public Func<string, IReadOnlyDictionary<string, string>> Proxies { get; init; } = _ => new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Tells the time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
