using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>The engine that a build runs on, connected and described.</summary>
internal sealed class ChosenNode : IAsyncDisposable
{
    private ChosenNode()
    {
    }

    /// <summary>Which node builds what.</summary>
    public required BuildPlan Plan { get; init; }

    /// <summary>The node.</summary>
    public required NodeHandle Node { get; init; }

    /// <summary>Its engine.</summary>
    public required IBuildEngine Engine { get; init; }

    /// <summary>What the engine says about itself.</summary>
    public required EngineDescription Description { get; init; }

    /// <summary>What its driver can do.</summary>
    public required DriverFeatures Features { get; init; }

    /// <summary>Chooses a builder's node for some platforms and connects to it.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="platforms">The wanted platforms; empty means the node's own.</param>
    /// <param name="report">Takes what happens where an engine must be started first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The node; the caller disposes it.</returns>
    public static async Task<ChosenNode> ConnectAsync(BuilderHandle builder, IReadOnlyList<Platform> platforms, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        if (builder.Nodes.Count == 0)
        {
            throw new BuildxException(
                BuildxFailure.BuilderNotFound,
                $"The builder '{builder.Name}' has no nodes.",
                "Choose another builder with -Builder, -Context or -DockerHost.");
        }

        var candidates = builder.Nodes.Select(n => new NodeCandidate { Name = n.Name, Explicit = n.ExplicitPlatforms }).ToList();
        if (builder.Nodes.Count > 1 && !BuildPlanner.NeedsNoReports(platforms, candidates))
        {
            for (var i = 0; i < candidates.Count; i++)
            {
                var node = await ConnectAsync(builder.Nodes[i], report, cancellationToken).ConfigureAwait(false);
                await node.Engine.DisposeAsync().ConfigureAwait(false);
                candidates[i] = candidates[i] with { Reported = node.Description.Platforms };
            }
        }

        var chosen = Single(BuildPlanner.Plan(builder.Name, builder.Driver, platforms, candidates), builder);
        var (engine, description, features) = await ConnectAsync(chosen, report, cancellationToken).ConfigureAwait(false);
        var at = candidates.FindIndex(c => c.Name == chosen.Name);
        candidates[at] = candidates[at] with { Reported = description.Platforms };
        return new ChosenNode
        {
            Plan = BuildPlanner.Plan(builder.Name, builder.Driver, platforms, candidates),
            Node = chosen,
            Engine = engine,
            Description = description,
            Features = features,
        };
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    private static NodeHandle Single(BuildPlan plan, BuilderHandle builder)
        => plan.Nodes.Count == 1
            ? builder.Nodes.First(n => n.Name == plan.Nodes[0].Node)
            : throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The platforms would be built on several nodes ({plan}), which is not available yet.",
                "Ask for the platforms of one node at a time.");

    private static async Task<(IBuildEngine Engine, EngineDescription Description, DriverFeatures Features)> ConnectAsync(
        NodeHandle node, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        await node.Driver.BootAsync(report, cancellationToken).ConfigureAwait(false);
        var engine = await node.Driver.ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var description = await engine.DescribeAsync(cancellationToken).ConfigureAwait(false);
            return (engine, description, node.Driver.GetFeatures(description));
        }
        catch
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
