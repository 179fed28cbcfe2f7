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
            // One that could not be had is looked for again.
            if (!_builders.TryGetValue(selection, out resolving!) || resolving.IsFaulted)
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

    /// <summary>Closes the connections.</summary>
    /// <returns>A task.</returns>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes.Values)
        {
            await node.CloseAsync().ConfigureAwait(false);
        }

        foreach (var builder in _builders.Values.Where(b => b.IsCompletedSuccessfully))
        {
            await (await builder.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
    }

    private SharedNode Share(IDriver driver)
    {
        lock (_nodes)
        {
            return _nodes.TryGetValue(driver, out var node) ? node : _nodes[driver] = new SharedNode(driver);
        }
    }

    /// <summary>A node's driver that keeps its connections.</summary>
    private sealed class SharedNode(IDriver driver) : IDriver
    {
        private readonly SemaphoreSlim _turn = new(1, 1);
        private readonly Dictionary<string, IBuildEngine> _engines = new(StringComparer.Ordinal);

        public string Name => driver.Name;

        public DriverFeatures GetFeatures(EngineDescription engine) => driver.GetFeatures(engine);

        public Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken) => ConnectAsync("", cancellationToken);

        public async Task<IBuildEngine> ConnectAsync(string key, CancellationToken cancellationToken)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                if (!_engines.TryGetValue(key, out var engine))
                {
                    engine = _engines[key] = key.Length == 0
                        ? await driver.ConnectAsync(cancellationToken).ConfigureAwait(false)
                        : await driver.ConnectAsync(key, cancellationToken).ConfigureAwait(false);
                }

                return new SharedEngine(engine);
            }
            finally
            {
                _turn.Release();
            }
        }

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
            foreach (var engine in _engines.Values)
            {
                await engine.DisposeAsync().ConfigureAwait(false);
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
