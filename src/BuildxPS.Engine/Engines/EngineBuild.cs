namespace BuildxPS.Engine.Engines;

/// <summary>What an engine is told when a build starts.</summary>
public sealed record EngineBuild
{
    /// <summary>The build's reference on the engine; random and unique.</summary>
    public required string Ref { get; init; }

    /// <summary>Whether the engine keeps no record of it.</summary>
    public bool IsInternal { get; init; }

    /// <summary>Where results go, in order; empty keeps the result in the cache only.</summary>
    public IReadOnlyList<EngineExporter> Exporters { get; init; } = [];

    /// <summary>Caches that the engine writes to.</summary>
    public IReadOnlyList<EngineCache> CacheExports { get; init; } = [];

    /// <summary>Caches that the engine reads from. Its frontend has to be told of them, too.</summary>
    public IReadOnlyList<EngineCache> CacheImports { get; init; } = [];

    /// <summary>The frontend's attributes. The engine reads some of them itself, so they are given here and in <see cref="FrontendCall"/>.</summary>
    public IReadOnlyDictionary<string, string> FrontendAttributes { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Key under which the engine keeps a snapshot of local files, to ask only for changed ones next time.</summary>
    public string SharedKey { get; init; } = "";
}

/// <summary>One exporter of a build, in the engine's own words.</summary>
public sealed record EngineExporter
{
    /// <summary>The exporter's type, for example <c>moby</c>, <c>image</c>, <c>local</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Its attributes.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A cache outside of the engine, in the engine's own words.</summary>
public sealed record EngineCache
{
    /// <summary>Its type: <c>registry</c>, <c>local</c>, <c>inline</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Its attributes.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A call of a frontend.</summary>
public sealed record FrontendCall
{
    /// <summary>The frontend, for example <c>dockerfile.v0</c>.</summary>
    public required string Frontend { get; init; }

    /// <summary>Its attributes.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
