namespace BuildxPS.Engine.Engines;

/// <summary>What an engine says about itself.</summary>
public sealed record EngineDescription
{
    /// <summary>BuildKit's version; null where the engine does not tell.</summary>
    public string? Version { get; init; }

    /// <summary>Its workers; the first one is the default.</summary>
    public IReadOnlyList<EngineWorker> Workers { get; init; } = [];

    /// <summary>Names of what it can do (<c>exporter.image.attestations</c>, <c>gateway.evaluate</c>, …), enabled ones only.</summary>
    public IReadOnlySet<string> Capabilities { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Platforms that its workers can run, each once.</summary>
    public IReadOnlyList<Platform> Platforms => [.. Workers.SelectMany(w => w.Platforms).Distinct()];
}

/// <summary>One worker of an engine.</summary>
public sealed record EngineWorker
{
    /// <summary>The worker's id.</summary>
    public required string Id { get; init; }

    /// <summary>Platforms that it runs, its own first.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Its labels (<c>org.mobyproject.buildkit.worker.…</c>).</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Its rules for cleaning the cache.</summary>
    public IReadOnlyList<GcRule> GcPolicy { get; init; } = [];

    /// <summary>Names of devices that builds may ask for.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];
}
