using BuildxPS.Engine.Builders;

namespace BuildxPS.Engine.Builds.Planning;

/// <summary>The nodes that a build runs on, connected, and what each of them does.</summary>
internal sealed class ChosenNodes : IAsyncDisposable
{
    private ChosenNodes(BuildPlan plan, IReadOnlyList<ChosenNode> nodes)
    {
        Plan = plan;
        Nodes = nodes;
    }

    /// <summary>Which node builds what.</summary>
    public BuildPlan Plan { get; }

    /// <summary>The nodes, in the order of the plan.</summary>
    public IReadOnlyList<ChosenNode> Nodes { get; }

    /// <summary>Chooses a builder's nodes for some platforms and connects to them, side by side.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="platforms">The wanted platforms; empty means a node's own.</param>
    /// <param name="key">What is built, for nodes that have several engines: the context's path.</param>
    /// <param name="report">Takes what happens where an engine must be started first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The nodes; the caller disposes them.</returns>
    /// <exception cref="BuildxException">A node that is needed cannot be used; the message names it where there are several.</exception>
    public static async Task<ChosenNodes> ConnectAsync(
        BuilderHandle builder, IReadOnlyList<Platform> platforms, string key, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        if (builder.Nodes.Count == 0)
        {
            throw new BuildxException(
                BuildxFailure.BuilderNotFound,
                $"The builder '{builder.Name}' has no nodes.",
                "Choose another builder with -Builder, -Context or -DockerHost.");
        }

        var candidates = builder.Nodes.Select(n => new NodeCandidate { Name = n.Name, Explicit = n.ExplicitPlatforms }).ToList();
        var needed = builder.Nodes;
        if (builder.Nodes.Count > 1 && BuildPlanner.NeedsNoReports(platforms, candidates))
        {
            var names = BuildPlanner.Plan(builder.Name, builder.Driver, platforms, candidates).Nodes.Select(n => n.Node).ToHashSet(StringComparer.Ordinal);
            needed = [.. builder.Nodes.Where(n => names.Contains(n.Name))];
        }

        var connected = await ConnectAllAsync(builder, needed, key, report, cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < candidates.Count; i++)
        {
            if (connected.Find(n => n.Node.Name == candidates[i].Name) is { } node)
            {
                candidates[i] = candidates[i] with { Reported = node.Description.Platforms };
            }
        }

        var plan = BuildPlanner.Plan(builder.Name, builder.Driver, platforms, candidates);
        foreach (var idle in connected.Where(n => plan.Nodes.All(p => p.Node != n.Node.Name)))
        {
            await idle.DisposeAsync().ConfigureAwait(false);
        }

        var chosen = plan.Nodes.Select(p => (Part: p, Node: connected.First(n => n.Node.Name == p.Node))).ToList();
        chosen.ForEach(c => c.Node.Plan = c.Part);
        return new ChosenNodes(plan, [.. chosen.Select(c => c.Node)]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes)
        {
            await node.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<List<ChosenNode>> ConnectAllAsync(
        BuilderHandle builder, IReadOnlyList<NodeHandle> nodes, string key, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        var connected = new List<ChosenNode>();
        try
        {
            await SideBySide.RunAsync(
                nodes.Select(node => (Func<CancellationToken, Task>)(async token =>
                {
                    var one = await ConnectNamedAsync(builder, node, key, report, token).ConfigureAwait(false);
                    lock (connected)
                    {
                        connected.Add(one);
                    }
                })),
                cancellationToken).ConfigureAwait(false);
            return connected;
        }
        catch
        {
            foreach (var node in connected)
            {
                await node.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    private static async Task<ChosenNode> ConnectNamedAsync(
        BuilderHandle builder, NodeHandle node, string key, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        if (builder.Nodes.Count == 1)
        {
            return await ChosenNode.ConnectAsync(node, key, report, cancellationToken).ConfigureAwait(false);
        }

        var own = new NodeEvents(node.Name);
        try
        {
            return await ChosenNode.ConnectAsync(node, key, (e, token) => report(own.Translate(e), token), cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e)
        {
            throw new BuildxException(e.Failure, $"The node '{node.Name}' of the builder '{builder.Name}' cannot be used: {e.Message}", e.Advice, e)
            {
                IsTransient = e.IsTransient,
            };
        }
    }
}
