using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Planning;

/// <summary>A node that takes part in a build: started, connected and described.</summary>
internal sealed class ChosenNode : IAsyncDisposable
{
    private ChosenNode()
    {
    }

    /// <summary>The node.</summary>
    public required NodeHandle Node { get; init; }

    /// <summary>Its engine.</summary>
    public required IBuildEngine Engine { get; init; }

    /// <summary>What the engine says about itself.</summary>
    public required EngineDescription Description { get; init; }

    /// <summary>What its driver can do.</summary>
    public required DriverFeatures Features { get; init; }

    /// <summary>What it does in this build.</summary>
    public NodePlan Plan { get; set; } = null!;

    /// <summary>Starts a node's engine where it does not run, and connects to it.</summary>
    /// <param name="node">The node.</param>
    /// <param name="key">What is built, for nodes that have several engines: the context's path.</param>
    /// <param name="report">Takes what happens where the engine must be started first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The node; the caller disposes it.</returns>
    public static async Task<ChosenNode> ConnectAsync(NodeHandle node, string key, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        await node.Driver.BootAsync(report, cancellationToken).ConfigureAwait(false);
        var engine = await node.Driver.ConnectAsync(key, cancellationToken).ConfigureAwait(false);
        try
        {
            var description = await engine.DescribeAsync(cancellationToken).ConfigureAwait(false);
            return new ChosenNode { Node = node, Engine = engine, Description = description, Features = node.Driver.GetFeatures(description) };
        }
        catch
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}
