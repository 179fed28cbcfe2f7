using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>A cache as the user asked for it, and as the engine is told of it: with keys and tokens that this client has.</summary>
internal sealed class OpenCache(CacheSpec spec, EngineCache told)
{
    /// <summary>What the user asked for.</summary>
    public CacheSpec Spec { get; } = spec;

    /// <summary>What the engine is told.</summary>
    public EngineCache Told { get; } = told;
}
