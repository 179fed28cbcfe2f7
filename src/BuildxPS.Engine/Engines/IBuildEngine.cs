namespace BuildxPS.Engine.Engines;

/// <summary>
/// One engine that builds, whatever it is and however it is reached. Nothing above this seam knows the engine's wire
/// protocol. BuildKit over gRPC is its first implementation.
/// </summary>
public interface IBuildEngine : IAsyncDisposable
{
    /// <summary>Asks what the engine is and can do. The answer is asked for once and kept.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Version, workers and capabilities.</returns>
    Task<EngineDescription> DescribeAsync(CancellationToken cancellationToken);

    /// <summary>What the engine is, where what it can do does not matter: engines that tell that only in a build are spared one.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Version and workers; perhaps capabilities.</returns>
    Task<EngineDescription> IdentifyAsync(CancellationToken cancellationToken) => DescribeAsync(cancellationToken);

    /// <summary>
    /// Starts a build: opens the session and the build's event stream. Disposing the build without
    /// <see cref="IRunningBuild.ExportAsync"/> or <see cref="IRunningBuild.FailAsync"/> cancels it on the engine.
    /// </summary>
    /// <param name="build">What to build and export.</param>
    /// <param name="services">What this client serves to the engine meanwhile.</param>
    /// <param name="cancellationToken">Cancels the build on the engine, also after this call returned.</param>
    /// <returns>The running build.</returns>
    Task<IRunningBuild> StartAsync(EngineBuild build, BuildServices services, CancellationToken cancellationToken);

    /// <summary>Reads the provenance that the engine recorded of a build that is over.</summary>
    /// <param name="buildRef">The build's reference on the engine.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One entry a platform; empty where the engine records none.</returns>
    Task<IReadOnlyList<RecordedAttestation>> ReadProvenanceAsync(string buildRef, CancellationToken cancellationToken)
        => Task.FromResult<IReadOnlyList<RecordedAttestation>>([]);

    /// <summary>Lists records of the engine's build cache. Sizes that are not known yet are measured, which can take long.</summary>
    /// <param name="selection">Which ones.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The records, in the engine's order, without builder and node.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating.</exception>
    IAsyncEnumerable<CacheRecord> ListCacheAsync(CacheSelection selection, CancellationToken cancellationToken);

    /// <summary>Removes records of the engine's build cache that nothing uses.</summary>
    /// <param name="pruning">Which ones, and how much stays.</param>
    /// <param name="cancellationToken">Stops the engine; what it has removed is gone.</param>
    /// <returns>The removed records, as they go; their type may not be told.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating.</exception>
    IAsyncEnumerable<CacheRecord> PruneCacheAsync(CachePruning pruning, CancellationToken cancellationToken);
}
