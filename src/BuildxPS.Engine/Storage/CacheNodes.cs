using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Diagnostics.Catalogue;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Storage;

/// <summary>A node whose engine answers.</summary>
internal sealed record CacheNode(string Name, IBuildEngine Engine);

/// <summary>The nodes of a builder whose engines answer. Those that do not are reported, each by name, and keep no other from its work.</summary>
internal sealed class CacheNodes : IAsyncDisposable
{
    private readonly Func<string, BuildxException, ValueTask> _fail;

    private CacheNodes(BuilderHandle builder, IReadOnlyList<CacheNode> nodes, Func<string, BuildxException, ValueTask> fail)
    {
        Builder = builder.Name;
        Nodes = nodes;
        _fail = fail;
    }

    /// <summary>The builder's name.</summary>
    public string Builder { get; }

    /// <summary>The nodes, in order.</summary>
    public IReadOnlyList<CacheNode> Nodes { get; }

    /// <summary>Connects to a builder's nodes, side by side. Engines that do not run are not started: their cache is not in use.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="only">Names of the nodes; null for all.</param>
    /// <param name="limit">How long an engine may take until it answers; zero for no limit.</param>
    /// <param name="fail">Takes what kept a node from answering.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The nodes that answer; the caller disposes them.</returns>
    public static async Task<CacheNodes> ConnectAsync(
        BuilderHandle builder, IReadOnlyCollection<string>? only, TimeSpan limit, Func<string, BuildxException, ValueTask> fail, CancellationToken cancellationToken)
    {
        ValueTask FailAsync(string node, BuildxException e)
        {
            var advice = FailureCatalogue.AdviceFor(e, builder.Driver, builder.Name);
            return fail(node, builder.Nodes.Count == 1 && advice == e.Advice
                ? e
                : new BuildxException(e.Failure, builder.Nodes.Count == 1 ? e.Message : $"The node '{node}' of the builder '{builder.Name}': {e.Message}", advice, e) { IsTransient = e.IsTransient });
        }

        var connected = await Task.WhenAll(builder.Nodes.Where(n => only?.Contains(n.Name) != false).Select(async node =>
        {
            try
            {
                return new CacheNode(node.Name, await ConnectAsync(builder.Name, node, limit, cancellationToken).ConfigureAwait(false));
            }
            catch (BuildxException e)
            {
                await FailAsync(node.Name, e).ConfigureAwait(false);
                return null;
            }
        })).ConfigureAwait(false);
        return new CacheNodes(builder, [.. connected.OfType<CacheNode>()], FailAsync);
    }

    /// <summary>Does something with what each node sends, side by side.</summary>
    /// <param name="ask">Asks a node.</param>
    /// <param name="take">Takes its records.</param>
    /// <returns>A task that ends when all nodes have answered or failed.</returns>
    public Task ForEachAsync(Func<CacheNode, IAsyncEnumerable<CacheRecord>> ask, Func<CacheNode, IAsyncEnumerable<CacheRecord>, Task> take)
        => Task.WhenAll(Nodes.Select(async node =>
        {
            try
            {
                await take(node, ask(node)).ConfigureAwait(false);
            }
            catch (BuildxException e)
            {
                await _fail(node.Name, e).ConfigureAwait(false);
            }
        }));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.Engine.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<IBuildEngine> ConnectAsync(string builder, NodeHandle node, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var answer = new AnswerLimit(null, limit, cancellationToken);
        try
        {
            // Whatever hangs below, the answer is due when the limit is reached.
            return await AskAsync(builder, node, answer.Token).WaitAsync(answer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BuildxException(
                BuildxFailure.TimedOut,
                answer.Token.IsCancellationRequested
                    ? FormattableString.Invariant($"The engine at {node.Endpoint} did not answer within {limit.TotalSeconds:0.#} s.")
                    : $"The engine at {node.Endpoint} broke off the answer.",
                "See whether it runs and can be reached (Get-BuildxBuilder), or give it more time with -TimeoutSec.",
                e)
            { IsTransient = true };
        }
    }

    private static async Task<IBuildEngine> AskAsync(string builder, NodeHandle node, CancellationToken cancellationToken)
    {
        if (await node.Driver.GetStatusAsync(cancellationToken).ConfigureAwait(false) is not NodeStatus.Running and var status)
        {
            throw new BuildxException(
                BuildxFailure.BuilderNotRunning,
                $"The engine '{node.Name}' of the builder '{builder}' does not run ({status.ToString().ToLowerInvariant()}).",
                FailureCatalogue.Of(BuildxFailure.BuilderNotRunning).Advice.Replace(FailureCase.Builder, builder, StringComparison.Ordinal));
        }

        var engine = await node.Driver.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await engine.IdentifyAsync(cancellationToken).ConfigureAwait(false);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
