using BuildxPS.Engine.Diagnostics.Catalogue;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builders;

/// <summary>A node whose engine answers.</summary>
internal sealed record AnsweringNode(string Name, IBuildEngine Engine);

/// <summary>The nodes of a builder whose engines answer. Those that do not are reported, each by name, and keep no other from its work.</summary>
internal sealed class AnsweringNodes : IAsyncDisposable
{
    private readonly Func<string, BuildxException, ValueTask> _fail;

    private AnsweringNodes(BuilderHandle builder, IReadOnlyList<AnsweringNode> nodes, Func<string, BuildxException, ValueTask> fail)
    {
        Builder = builder.Name;
        Nodes = nodes;
        _fail = fail;
    }

    /// <summary>The builder's name.</summary>
    public string Builder { get; }

    /// <summary>The nodes, in order.</summary>
    public IReadOnlyList<AnsweringNode> Nodes { get; }

    /// <summary>Connects to a builder's nodes, side by side. Engines that do not run are not started.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="only">Names of the nodes; null for all.</param>
    /// <param name="limit">How long an engine may take until it answers; zero for no limit.</param>
    /// <param name="fail">Takes what kept a node from answering.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The nodes that answer; the caller disposes them.</returns>
    public static async Task<AnsweringNodes> ConnectAsync(
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
                return new AnsweringNode(node.Name, await ConnectAsync(builder.Name, node, limit, cancellationToken).ConfigureAwait(false));
            }
            catch (BuildxException e)
            {
                await FailAsync(node.Name, e).ConfigureAwait(false);
                return null;
            }
        })).ConfigureAwait(false);
        return new AnsweringNodes(builder, [.. connected.OfType<AnsweringNode>()], FailAsync);
    }

    /// <summary>Does something with what each node sends, side by side.</summary>
    /// <param name="ask">Asks a node.</param>
    /// <param name="take">Takes what it sends.</param>
    /// <returns>A task that ends when all nodes have answered or failed.</returns>
    public Task ForEachAsync<T>(Func<AnsweringNode, IAsyncEnumerable<T>> ask, Func<AnsweringNode, IAsyncEnumerable<T>, Task> take)
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
