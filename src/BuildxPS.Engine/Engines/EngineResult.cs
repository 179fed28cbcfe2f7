namespace BuildxPS.Engine.Engines;

/// <summary>A result that an engine holds. Only the engine that made it can use it; each implementation has its own kind.</summary>
public abstract class EngineResult
{
    /// <summary>What the frontend said about it, by key (<c>containerimage.config</c>, <c>refs.platforms</c>, …).</summary>
    public abstract IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Metadata { get; }
}
