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

    /// <summary>What steps may do beyond the usual, if the engine allows it, too.</summary>
    public IReadOnlyList<string> Entitlements { get; init; } = [];

    /// <summary>Which sources the engine may use, as the bytes of a policy's file; null for no policy.</summary>
    public ReadOnlyMemory<byte>? SourcePolicy { get; init; }

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

/// <summary>A git repository that an engine fetches for a frontend.</summary>
public sealed record RepositorySource
{
    /// <summary>Its address, as git takes it.</summary>
    public required string Remote { get; init; }

    /// <summary>What the step is called.</summary>
    public required string StepName { get; init; }

    /// <summary>A branch, tag or commit; null for the repository's own choice.</summary>
    public string? Reference { get; init; }

    /// <summary>The folder in it; null for its root.</summary>
    public string? Subfolder { get; init; }

    /// <summary>The commit that the reference has to be; null for any.</summary>
    public string? Checksum { get; init; }

    /// <summary>Whether the folder <c>.git</c> is kept.</summary>
    public bool KeepsGitFolder { get; init; }

    /// <summary>Whether submodules are left out.</summary>
    public bool SkipsSubmodules { get; init; }

    /// <summary>The files' times: <c>checkout</c> or <c>commit</c>; null for the engine's choice.</summary>
    public string? Times { get; init; }

    /// <summary>Whether the commit is fetched as such, and not compared with the reference.</summary>
    public bool FetchesCommit { get; init; }
}

/// <summary>A call of a frontend.</summary>
public sealed record FrontendCall
{
    /// <summary>The frontend, for example <c>dockerfile.v0</c>.</summary>
    public required string Frontend { get; init; }

    /// <summary>Its attributes.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Sources that the frontend gets ready made, by the name that its attributes have for them.</summary>
    public IReadOnlyDictionary<string, RepositorySource> Inputs { get; init; } = new Dictionary<string, RepositorySource>(StringComparer.Ordinal);
}
