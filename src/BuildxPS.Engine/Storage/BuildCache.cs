using System.Runtime.CompilerServices;
using System.Threading.Channels;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Storage;

/// <summary>The build cache of a builder's engines: what is in it, and removing some of it.</summary>
public sealed class BuildCache
{
    /// <summary>Answers that may wait for a slow reader; beyond, the engines wait.</summary>
    private const int MaxWaiting = 1024;

    private const string FreeSpaceCapability = "gc.freespacefilter";

    private static readonly TimeSpan s_cleanUp = TimeSpan.FromMilliseconds(150);

    private readonly Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> _resolve;

    /// <summary>Creates it. Nothing is read or contacted.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public BuildCache(ClientEnvironment environment)
        : this(new BuilderCatalog(environment).ResolveAsync)
    {
    }

    /// <summary>The same for builders from elsewhere.</summary>
    internal BuildCache(Func<BuilderSelection, CancellationToken, Task<BuilderHandle>> resolve) => _resolve = resolve;

    /// <summary>How long an engine may take until it answers at all; zero for no limit but those of connections.</summary>
    public TimeSpan FirstAnswer { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Lists records, of all nodes side by side; those of one node come together.</summary>
    /// <param name="builder">Whose.</param>
    /// <param name="selection">Which ones.</param>
    /// <param name="unusedFor">Only those that were not used within this time; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The records, and the failures of nodes that cannot be asked.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating: there is no such builder, or the configuration cannot be read.</exception>
    public IAsyncEnumerable<CacheAnswer> ListAsync(BuilderSelection builder, CacheSelection selection, TimeSpan? unusedFor, CancellationToken cancellationToken)
        => StreamAsync(builder, null, async (nodes, answers, token) =>
        {
            using var turn = new SemaphoreSlim(1, 1);
            await nodes.ForEachAsync(
                node => node.Engine.ListCacheAsync(selection, token),
                async (node, records) =>
                {
                    var mine = false;
                    try
                    {
                        await foreach (var record in records.ConfigureAwait(false))
                        {
                            if (!mine)
                            {
                                await turn.WaitAsync(token).ConfigureAwait(false);
                                mine = true;
                            }

                            if (unusedFor is not { } age || record.LastUsedAt is not { } used || DateTimeOffset.UtcNow - used >= age)
                            {
                                await answers.WriteAsync(Of(nodes, node, record), token).ConfigureAwait(false);
                            }
                        }
                    }
                    finally
                    {
                        if (mine)
                        {
                            turn.Release();
                        }
                    }
                }).ConfigureAwait(false);
        }, cancellationToken);

    /// <summary>Removes records, on all nodes side by side.</summary>
    /// <param name="builder">Whose.</param>
    /// <param name="pruning">Which ones, and how much stays.</param>
    /// <param name="nodes">Names of the nodes; null for all.</param>
    /// <param name="cancellationToken">Stops the engines; what they have removed is gone.</param>
    /// <returns>The removed records as they go, and the failures of nodes.</returns>
    /// <exception cref="BuildxException">
    /// Thrown while enumerating, before anything is removed: there is no such builder, the configuration cannot be read, or an engine
    /// does not know a limit (<see cref="BuildxFailure.EngineUnsupported"/>).
    /// </exception>
    public IAsyncEnumerable<CacheAnswer> PruneAsync(BuilderSelection builder, CachePruning pruning, IReadOnlyCollection<string>? nodes, CancellationToken cancellationToken)
        => StreamAsync(builder, nodes, async (connected, answers, token) =>
        {
            await CheckLimitsAsync(connected, pruning, token).ConfigureAwait(false);
            await connected.ForEachAsync(
                node => node.Engine.PruneCacheAsync(pruning, token),
                async (node, records) =>
                {
                    await foreach (var record in records.ConfigureAwait(false))
                    {
                        await answers.WriteAsync(Of(connected, node, record), token).ConfigureAwait(false);
                    }
                }).ConfigureAwait(false);
        }, cancellationToken);

    /// <summary>Says what a removal would take. Nothing is changed.</summary>
    /// <param name="builder">Whose.</param>
    /// <param name="pruning">The removal.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A forecast for each node.</returns>
    /// <exception cref="BuildxException">As of <see cref="PruneAsync"/>.</exception>
    public async Task<IReadOnlyList<PruneForecast>> ForecastAsync(BuilderSelection builder, CachePruning pruning, CancellationToken cancellationToken)
    {
        var handle = await _resolve(builder, cancellationToken).ConfigureAwait(false);
        await using (handle.ConfigureAwait(false))
        {
            var forecasts = new List<PruneForecast>();
            var nodes = await AnsweringNodes.ConnectAsync(handle, null, FirstAnswer, Fail, cancellationToken).ConfigureAwait(false);
            await using (nodes.ConfigureAwait(false))
            {
                await CheckLimitsAsync(nodes, pruning, cancellationToken).ConfigureAwait(false);
                await nodes.ForEachAsync(
                    node => node.Engine.ListCacheAsync(pruning.Selection, cancellationToken),
                    async (node, records) => Add(await ForecastAsync(handle.Name, node, records, pruning, cancellationToken).ConfigureAwait(false))).ConfigureAwait(false);
            }

            return [.. handle.Nodes.Select(n => forecasts.Find(f => f.Node == n.Name)).OfType<PruneForecast>()];

            ValueTask Fail(string node, BuildxException failure)
            {
                Add(new PruneForecast { Builder = handle.Name, Node = node, Failure = failure });
                return ValueTask.CompletedTask;
            }

            void Add(PruneForecast forecast)
            {
                lock (forecasts)
                {
                    forecasts.Add(forecast);
                }
            }
        }
    }

    private static async Task<PruneForecast> ForecastAsync(
        string builder, AnsweringNode node, IAsyncEnumerable<CacheRecord> records, CachePruning pruning, CancellationToken cancellationToken)
    {
        var chosen = await records.ToListAsync(cancellationToken).ConfigureAwait(false);
        var all = chosen;
        var isWhole = true;
        if (!pruning.Selection.IsEverything && chosen.Count > 0)
        {
            try
            {
                // What others build on stays.
                all = await node.Engine.ListCacheAsync(new CacheSelection(), cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (BuildxException e) when (e.Failure == BuildxFailure.EngineError)
            {
                // An engine that cannot measure one record of its cache lists none; that is no reason to forecast nothing.
                isWhole = false;
            }
        }

        var going = PruneForecast.Choose(all, chosen.Select(r => r.Id).ToHashSet(StringComparer.Ordinal), pruning, DateTimeOffset.UtcNow);
        return new PruneForecast
        {
            Builder = builder,
            Node = node.Name,
            Records = [.. going.Select(r => r with { Builder = builder, Node = node.Name })],
            Size = PruneForecast.Sum(going.Where(r => !r.IsShared)),
            SharedSize = PruneForecast.Sum(going.Where(r => r.IsShared)),
            IsEstimate = pruning.HasLimits || !isWhole,
            IsUpperBound = pruning.MinFreeSpace > 0,
        };
    }

    /// <summary>Engines before 0.17 ignore limits that they do not know, and would remove everything.</summary>
    private static async Task CheckLimitsAsync(AnsweringNodes nodes, CachePruning pruning, CancellationToken cancellationToken)
    {
        if (pruning is not ({ MaxUsedSpace: > 0 } or { MinFreeSpace: > 0 }))
        {
            return;
        }

        await Task.WhenAll(nodes.Nodes.Select(async node =>
        {
            var description = await node.Engine.DescribeAsync(cancellationToken).ConfigureAwait(false);
            if (!description.Capabilities.Contains(FreeSpaceCapability))
            {
                throw new BuildxException(
                    BuildxFailure.EngineUnsupported,
                    $"The engine of the node '{node.Name}' does not know -MaxUsedSpace and -MinFreeSpace: they need BuildKit 0.17, and it has {description.Version ?? "an older one"}. Nothing was removed.",
                    "Use -ReservedSpace, -UnusedFor or -Filter instead, or update the engine.");
            }
        })).ConfigureAwait(false);
    }

    private static CacheAnswer Of(AnsweringNodes nodes, AnsweringNode node, CacheRecord record)
        => new() { Node = node.Name, Record = record with { Builder = nodes.Builder, Node = node.Name } };

    private async IAsyncEnumerable<CacheAnswer> StreamAsync(
        BuilderSelection builder,
        IReadOnlyCollection<string>? only,
        Func<AnsweringNodes, ChannelWriter<CacheAnswer>, CancellationToken, Task> work,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answers = Channel.CreateBounded<CacheAnswer>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
        // The token ends what the work does, not the work: it has connections to close.
        var running = Task.Run(() => WorkAsync(builder, only, work, answers.Writer, stopping.Token), CancellationToken.None);
        try
        {
            await foreach (var answer in answers.Reader.ReadAllAsync(stopping.Token).ConfigureAwait(false))
            {
                yield return answer;
            }

            await running.WaitAsync(stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await ((Task)running.WaitAsync(s_cleanUp, CancellationToken.None)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WorkAsync(
        BuilderSelection builder,
        IReadOnlyCollection<string>? only,
        Func<AnsweringNodes, ChannelWriter<CacheAnswer>, CancellationToken, Task> work,
        ChannelWriter<CacheAnswer> answers,
        CancellationToken cancellationToken)
    {
        try
        {
            var handle = await _resolve(builder, cancellationToken).ConfigureAwait(false);
            await using (handle.ConfigureAwait(false))
            {
                var nodes = await AnsweringNodes.ConnectAsync(
                    handle, only, FirstAnswer, (node, e) => answers.WriteAsync(new CacheAnswer { Node = node, Failure = e }, cancellationToken), cancellationToken).ConfigureAwait(false);
                await using (nodes.ConfigureAwait(false))
                {
                    await work(nodes, answers, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            answers.TryComplete();
        }
    }
}
