using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builders;

/// <summary>Adds nodes to builders and takes them out: <c>docker buildx create --append</c> and <c>--leave</c>.</summary>
public sealed class BuilderNodes
{
    private readonly ContextCatalog _contexts;
    private readonly BuilderStore _store;
    private readonly NodeDraft _draft;

    /// <summary>Creates it. Nothing is read or contacted.</summary>
    /// <param name="environment">Where this client runs.</param>
    public BuilderNodes(ClientEnvironment environment)
    {
        _contexts = new ContextCatalog(environment);
        _store = new BuilderStore(environment);
        _draft = new NodeDraft(environment, _contexts, _store, new InstanceDrivers(environment, _contexts));
    }

    /// <summary>Adds a node.</summary>
    /// <param name="creation">The builder's name, and what the node is to be.</param>
    /// <param name="cancellationToken">Gives up; nothing is added then.</param>
    /// <returns>The builder's name, and what the user should know.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.BuilderNotFound"/>, <see cref="BuildxFailure.BuilderIsContext"/>, <see cref="BuildxFailure.NodeExists"/>,
    /// <see cref="BuildxFailure.DriverMismatch"/>, and what
    /// <see cref="BuilderCreator.CreateAsync"/> throws.
    /// </exception>
    public async Task<CreatedBuilder> AddAsync(BuilderCreation creation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(creation);
        ArgumentException.ThrowIfNullOrEmpty(creation.Name);
        var (builder, driver, node, warnings) = Plan(creation, creation.Name);
        await _draft.ReachAsync(driver, node, cancellationToken).ConfigureAwait(false);
        using var turn = await _store.LockAsync(cancellationToken).ConfigureAwait(false);

        // Again, since somebody else may have changed it meanwhile.
        turn.Save(Added(Find(creation.Name), node));
        if (creation.Use)
        {
            turn.SetCurrent(_contexts.CurrentKey(), builder.Name, isGlobal: false, isDefault: false);
        }

        return new CreatedBuilder { Name = builder.Name, Warnings = warnings };
    }

    /// <summary>Refuses what <see cref="AddAsync"/> would refuse before it contacts anything.</summary>
    /// <param name="creation">The builder's name, and what the node is to be.</param>
    /// <exception cref="BuildxException">As for <see cref="AddAsync"/>.</exception>
    public void CheckAddition(BuilderCreation creation)
    {
        ArgumentNullException.ThrowIfNull(creation);
        ArgumentException.ThrowIfNullOrEmpty(creation.Name);
        _ = Plan(creation, creation.Name);
    }

    private (BuilderInstance Builder, string Driver, InstanceNode Node, IReadOnlyList<string> Warnings) Plan(BuilderCreation creation, string name)
    {
        var builder = Find(name);
        if (creation.Driver is { } asked && asked != builder.Driver)
        {
            throw new BuildxException(
                BuildxFailure.DriverMismatch,
                $"The builder '{builder.Name}' has the driver '{builder.Driver}', and all its nodes have that one; '{DisplayText.Line(asked)}' was asked for.",
                "Leave -Driver out, or make another builder with New-BuildxBuilder.");
        }

        var driver = _draft.ChooseDriver(creation with { Driver = builder.Driver });
        var (node, warnings) = _draft.Make(creation, driver);
        _ = Added(builder, node);
        return (builder, driver, node, warnings);
    }

    /// <summary>Takes a node out of a builder. What runs stays: other builders may use it.</summary>
    /// <param name="name">The builder's name.</param>
    /// <param name="nodeName">The node's name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder's name.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuilderNotFound"/>, <see cref="BuildxFailure.NodeNotFound"/> or <see cref="BuildxFailure.LastNode"/>.</exception>
    public async Task<string> RemoveAsync(string name, string nodeName, CancellationToken cancellationToken)
    {
        _ = Without(Find(name), nodeName);
        using var turn = await _store.LockAsync(cancellationToken).ConfigureAwait(false);
        var left = Without(Find(name), nodeName);
        turn.Save(left);
        return left.Name;
    }

    /// <summary>Refuses what <see cref="RemoveAsync"/> would refuse.</summary>
    /// <param name="name">The builder's name.</param>
    /// <param name="nodeName">The node's name.</param>
    public void CheckRemoval(string name, string nodeName) => _ = Without(Find(name), nodeName);

    private BuilderInstance Find(string name)
    {
        if (_store.Find(name) is { } stored)
        {
            return stored.Instance ?? throw stored.Failure!;
        }

        throw _contexts.Find(name, new BuilderSelection()) is not null
            ? new BuildxException(
                BuildxFailure.BuilderIsContext,
                $"The builder '{name}' is a docker context's own, which has one node and cannot be changed.",
                "Make a builder with New-BuildxBuilder, and add nodes to that.")
            : new BuildxException(
                BuildxFailure.BuilderNotFound,
                $"There is no builder '{DisplayText.Line(name)}' to change.",
                "Get-BuildxBuilder lists the builders; New-BuildxBuilder makes one.");
    }

    private static BuilderInstance Added(BuilderInstance builder, InstanceNode node)
    {
        var nodes = builder.Nodes ?? [];
        node = node.Name.Length > 0 ? node : node with { Name = FreeName(builder, nodes) };
        if (nodes.FirstOrDefault(n => n.Name == node.Name) is not null)
        {
            throw new BuildxException(
                BuildxFailure.NodeExists,
                $"The builder '{builder.Name}' has a node '{node.Name}' already.",
                "Choose another name with -Node, or leave it out for the next free one.");
        }

        if (nodes.FirstOrDefault(n => n.Endpoint == node.Endpoint) is { } twin)
        {
            throw new BuildxException(
                BuildxFailure.NodeExists,
                $"The node '{twin.Name}' of the builder '{builder.Name}' is at {node.Endpoint} already.",
                "Add a node at another endpoint.");
        }

        // As buildx does it: a platform is assigned to the node that was given it last.
        var own = (node.Platforms ?? []).Select(p => p.ToPlatform()).ToHashSet();
        return builder with
        {
            Nodes = [.. nodes.Select(n => n with { Platforms = [.. (n.Platforms ?? []).Where(p => !own.Contains(p.ToPlatform()))] }), node],
        };
    }

    private static string FreeName(BuilderInstance builder, IReadOnlyList<InstanceNode> nodes)
        => Enumerable.Range(0, nodes.Count + 1)
            .Select(i => FormattableString.Invariant($"{builder.Name.ToLowerInvariant()}{i}"))
            .First(name => nodes.All(n => n.Name != name));

    private static BuilderInstance Without(BuilderInstance builder, string nodeName)
    {
        var nodes = builder.Nodes ?? [];
        if (nodes.All(n => !n.Name.Equals(nodeName, StringComparison.OrdinalIgnoreCase)))
        {
            throw new BuildxException(
                BuildxFailure.NodeNotFound,
                $"The builder '{builder.Name}' has no node '{DisplayText.Line(nodeName)}'.",
                $"Its nodes are {string.Join(", ", nodes.Select(n => n.Name))}.");
        }

        return nodes.Count > 1
            ? builder with { Nodes = [.. nodes.Where(n => !n.Name.Equals(nodeName, StringComparison.OrdinalIgnoreCase))] }
            : throw new BuildxException(
                BuildxFailure.LastNode,
                $"The node '{nodeName}' is the only one of the builder '{builder.Name}'.",
                $"Remove the builder itself: Remove-BuildxBuilder {builder.Name}.");
    }
}
