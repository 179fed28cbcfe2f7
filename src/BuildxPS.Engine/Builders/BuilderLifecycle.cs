using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers.Kubernetes;

namespace BuildxPS.Engine.Builders;

/// <summary>What happens to a builder between its creation and its end: chosen, started, stopped, removed.</summary>
public sealed class BuilderLifecycle
{
    private readonly ContextCatalog _contexts;
    private readonly BuilderStore _store;
    private readonly BuilderSelector _selector;
    private readonly BuilderCatalog _catalog;
    private readonly InstanceDrivers _drivers;

    /// <summary>Creates a lifecycle. Nothing is read or contacted.</summary>
    /// <param name="environment">Where this client runs.</param>
    public BuilderLifecycle(ClientEnvironment environment)
    {
        _contexts = new ContextCatalog(environment);
        _store = new BuilderStore(environment);
        _selector = new BuilderSelector(environment, _store, _contexts);
        _catalog = new BuilderCatalog(environment);
        _drivers = new InstanceDrivers(environment, _contexts);
    }

    /// <summary>Makes a builder the current one: <c>docker buildx use</c>.</summary>
    /// <param name="choice">Which one, and for what.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuilderNotFound"/>, or <see cref="BuildxFailure.BuilderIsContext"/> for a context that is not the current one.</exception>
    public async Task UseAsync(BuilderChoice choice, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(choice);
        var name = choice.Name;
        if (_store.Find(name) is null)
        {
            // Who is neither on the list nor a context is refused here.
            _ = _selector.Choose(new BuilderSelection { Name = name });
            if (name != _contexts.CurrentName())
            {
                throw new BuildxException(
                    BuildxFailure.BuilderIsContext,
                    $"The builder '{name}' is that of a docker context which is not the current one.",
                    $"Switch to the context: docker context use {name}.");
            }

            using var own = await _store.LockAsync(cancellationToken).ConfigureAwait(false);
            own.SetCurrent(_contexts.CurrentKey(), "", isGlobal: false, isDefault: false);
            return;
        }

        using var turn = await _store.LockAsync(cancellationToken).ConfigureAwait(false);
        _ = _selector.RequireStored(name);
        turn.SetCurrent(_contexts.CurrentKey(), name, choice.IsGlobal, choice.IsDefault);
    }

    /// <summary>
    /// Starts a builder's engines, and makes their containers where they are missing: <c>docker buildx inspect --bootstrap</c>.
    /// </summary>
    /// <param name="selection">Which builder.</param>
    /// <param name="cancellationToken">Gives up; nothing half made is left.</param>
    /// <returns>What happens, as events of a build; none where everything runs.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating, after all events of the failure: <see cref="BuildxFailure.BuilderNotBootable"/> and its kin.</exception>
    public IAsyncEnumerable<BuildEvent> StartAsync(BuilderSelection selection, CancellationToken cancellationToken)
        => EventStream.RunAsync((report, token) => BootAsync(selection, report, token), cancellationToken);

    /// <summary>Stops a builder's engines: <c>docker buildx stop</c>. A context's engine is not this module's to stop, and goes on.</summary>
    /// <param name="selection">Which builder.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task StopAsync(BuilderSelection selection, CancellationToken cancellationToken)
    {
        var builder = await _catalog.ResolveAsync(selection, cancellationToken).ConfigureAwait(false);
        await using (builder.ConfigureAwait(false))
        {
            await Task.WhenAll(builder.Nodes.Select(node => node.Driver.StopAsync(cancellationToken))).ConfigureAwait(false);
        }
    }

    /// <summary>Removes a builder, and what it has on its engines: <c>docker buildx rm</c>.</summary>
    /// <param name="removal">Which one, and what stays.</param>
    /// <param name="cancellationToken">Gives up; the builder is then still on the list.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.BuilderNotFound"/>, <see cref="BuildxFailure.BuilderIsContext"/>, or <see cref="BuildxFailure.BuilderNotRemoved"/>
    /// where the builder is off the list but an engine could not be reached.
    /// </exception>
    public async Task RemoveAsync(BuilderRemoval removal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(removal);
        var builder = _selector.RequireStored(removal.Name);
        var failures = removal.KeepDaemon
            ? []
            : await Task.WhenAll((builder.Nodes ?? []).Select(node => RemoveAsync(builder, node, removal.KeepState, cancellationToken))).ConfigureAwait(false);
        using (var turn = await _store.LockAsync(cancellationToken).ConfigureAwait(false))
        {
            turn.Delete(builder.Name);
        }

        if (failures.OfType<BuildxException>().FirstOrDefault() is { } failure)
        {
            throw new BuildxException(
                BuildxFailure.BuilderNotRemoved,
                $"The builder '{builder.Name}' is off the list, but what it left on its engine could not be removed: {failure.Message}",
                AdviceFor(builder),
                failure);
        }
    }

    private static string AdviceFor(BuilderInstance builder)
    {
        var nodes = builder.Nodes ?? [];
        return builder.Driver == KubernetesDriver.DriverName
            ? "Remove it there: kubectl delete of the deployment or statefulset, the configmaps and the persistentvolumeclaims of "
                + string.Join(" and ", nodes.Select(node => KubernetesObjects.NameOf(node.Name))) + "."
            : "Remove it there: docker rm -f and docker volume rm of "
                + string.Join(", ", nodes.Select(node => $"buildx_buildkit_{node.Name} and buildx_buildkit_{node.Name}_state")) + ".";
    }

    private async Task<BuildxException?> RemoveAsync(BuilderInstance builder, InstanceNode node, bool keepState, CancellationToken cancellationToken)
    {
        if (builder.Driver is "remote" or "docker")
        {
            // Its engine was there before the builder, and stays.
            return null;
        }

        try
        {
            var driver = _drivers.Create(builder, node, null);
            await using (driver.ConfigureAwait(false))
            {
                await driver.RemoveAsync(keepState, cancellationToken).ConfigureAwait(false);
            }

            return null;
        }
        catch (BuildxException e)
        {
            return e;
        }
    }

    private async Task BootAsync(BuilderSelection selection, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        var builder = await _catalog.ResolveAsync(selection, cancellationToken).ConfigureAwait(false);
        await using (builder.ConfigureAwait(false))
        {
            await Task.WhenAll(builder.Nodes.Select(node => BootAsync(node, report, cancellationToken))).ConfigureAwait(false);
        }
    }

    private static async Task BootAsync(NodeHandle node, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        await node.Driver.BootAsync(report, cancellationToken).ConfigureAwait(false);
        var engine = await node.Driver.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (engine.ConfigureAwait(false))
        {
            // An engine that runs and does not answer is not started.
            await engine.DescribeAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
