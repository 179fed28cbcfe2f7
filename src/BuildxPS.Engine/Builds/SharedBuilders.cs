using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>Builders, and connections to their engines, that several builds share: side by side, or one after the other.</summary>
public sealed class SharedBuilders : IAsyncDisposable
{
    private readonly Dictionary<BuilderSelection, Task<BuilderHandle>> _builders = [];
    private readonly Dictionary<IDriver, SharedNode> _nodes = [];
    private readonly Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> _resolve;
    private bool _isClosed;

    /// <summary>Creates it. Nothing is contacted.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public SharedBuilders(ClientEnvironment environment)
        : this(new BuilderCatalog(environment).ResolveAsync)
    {
    }

    /// <summary>Creates it for other builders.</summary>
    internal SharedBuilders(Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> resolve) => _resolve = resolve;

    /// <summary>Chooses the builder for a build.</summary>
    /// <param name="selection">Which one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder; disposing it leaves the connections open.</returns>
    internal async Task<BuilderHandle> ResolveAsync(BuilderSelection selection, CancellationToken cancellationToken)
    {
        Task<BuilderHandle> resolving;
        lock (_builders)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            // One that could not be had is looked for again.
            if (!_builders.TryGetValue(selection, out resolving!) || resolving.IsFaulted || resolving.IsCanceled)
            {
                resolving = _builders[selection] = _resolve(selection, CancellationToken.None);
            }
        }

        var builder = await resolving.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new BuilderHandle
        {
            Name = builder.Name,
            Driver = builder.Driver,
            NoteUse = builder.NoteUse,
            Nodes = [.. builder.Nodes.Select(n => n with { Driver = Share(n.Driver) })],
        };
    }

    /// <summary>Closes the connections; builds that still use them fail.</summary>
    /// <returns>A task.</returns>
    public async ValueTask DisposeAsync()
    {
        List<Task<BuilderHandle>> builders;
        List<SharedNode> nodes;
        lock (_builders)
        {
            _isClosed = true;
            builders = [.. _builders.Values];
        }

        lock (_nodes)
        {
            nodes = [.. _nodes.Values];
        }

        foreach (var node in nodes)
        {
            await node.CloseAsync().ConfigureAwait(false);
        }

        foreach (var builder in builders)
        {
            await ((Task)builder).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (builder.IsCompletedSuccessfully)
            {
                await (await builder.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private SharedNode Share(IDriver driver)
    {
        lock (_nodes)
        {
            return _nodes.TryGetValue(driver, out var node) ? node
                : _nodes[driver] = driver is IDockerHost host ? new SharedDockerNode(driver, host) : new SharedNode(driver);
        }
    }

    /// <summary>The node of a docker daemon.</summary>
    private sealed class SharedDockerNode(IDriver driver, IDockerHost host) : SharedNode(driver), IDockerHost
    {
        public DockerDaemon Daemon => host.Daemon;
    }

    /// <summary>A node's driver that keeps its connections.</summary>
    private class SharedNode(IDriver driver) : IDriver
    {
        private readonly SemaphoreSlim _turn = new(1, 1);
        private IBuildEngine? _engine;
        private bool _isClosed;

        public string Name => driver.Name;

        public bool HasSeveralEngines => driver.HasSeveralEngines;

        public DriverFeatures GetFeatures(EngineDescription engine) => driver.GetFeatures(engine);

        public async Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                ObjectDisposedException.ThrowIf(_isClosed, this);
                return new SharedEngine(_engine ??= await driver.ConnectAsync(cancellationToken).ConfigureAwait(false));
            }
            finally
            {
                _turn.Release();
            }
        }

        /// <summary>Where it is the build that chooses among several engines, which come and go, each has its own connection.</summary>
        public Task<IBuildEngine> ConnectAsync(string key, CancellationToken cancellationToken)
            => HasSeveralEngines ? driver.ConnectAsync(key, cancellationToken) : ConnectAsync(cancellationToken);

        public Task<NodeStatus> GetStatusAsync(CancellationToken cancellationToken) => driver.GetStatusAsync(cancellationToken);

        /// <summary>In turn: the second build finds the engine that the first one started.</summary>
        public async Task BootAsync(Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await driver.BootAsync(report, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }

        public async Task CloseAsync()
        {
            await _turn.WaitAsync().ConfigureAwait(false);
            try
            {
                _isClosed = true;
                if (_engine is not null)
                {
                    await _engine.DisposeAsync().ConfigureAwait(false);
                }
            }
            finally
            {
                _turn.Release();
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>An engine that stays connected when one of its users is done.</summary>
    private sealed class SharedEngine(IBuildEngine engine) : IBuildEngine
    {
        public Task<EngineDescription> DescribeAsync(CancellationToken cancellationToken) => engine.DescribeAsync(cancellationToken);

        public Task<EngineDescription> IdentifyAsync(CancellationToken cancellationToken) => engine.IdentifyAsync(cancellationToken);

        public Task<IRunningBuild> StartAsync(EngineBuild build, BuildServices services, CancellationToken cancellationToken)
            => engine.StartAsync(build, services, cancellationToken);

        public Task<IReadOnlyList<RecordedAttestation>> ReadProvenanceAsync(string buildRef, CancellationToken cancellationToken)
            => engine.ReadProvenanceAsync(buildRef, cancellationToken);

        public IAsyncEnumerable<CacheRecord> ListCacheAsync(CacheSelection selection, CancellationToken cancellationToken)
            => engine.ListCacheAsync(selection, cancellationToken);

        public IAsyncEnumerable<CacheRecord> PruneCacheAsync(CachePruning pruning, CancellationToken cancellationToken)
            => engine.PruneCacheAsync(pruning, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
