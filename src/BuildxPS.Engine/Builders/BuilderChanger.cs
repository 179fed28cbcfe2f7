using System.Text;
using BuildxPS.Engine.Builders.Configuration;
using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Drivers.Kubernetes;

namespace BuildxPS.Engine.Builders;

/// <summary>
/// Changes builders that are there, for which buildx has no command: their containers are made again with the new settings,
/// and keep their cache.
/// </summary>
public sealed class BuilderChanger
{
    private readonly ClientEnvironment _environment;
    private readonly BuilderStore _store;
    private readonly BuilderSelector _selector;
    private readonly InstanceDrivers _drivers;

    /// <summary>Creates a changer. Nothing is read or contacted.</summary>
    /// <param name="environment">Where this client runs.</param>
    public BuilderChanger(ClientEnvironment environment)
    {
        var contexts = new ContextCatalog(environment);
        _environment = environment;
        _store = new BuilderStore(environment);
        _selector = new BuilderSelector(environment, _store, contexts);
        _drivers = new InstanceDrivers(environment, contexts);
    }

    /// <summary>Refuses a change that could not be made. Nothing is changed or contacted.</summary>
    /// <param name="change">The change.</param>
    /// <returns>What the user should know, one line each.</returns>
    /// <exception cref="BuildxException">What is wrong, naming the part.</exception>
    public IReadOnlyList<string> Check(BuilderChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var warnings = new List<string>();
        _ = Changed(_selector.RequireStored(change.Name), change, warnings);
        return [.. warnings.Distinct()];
    }

    /// <summary>Changes a builder.</summary>
    /// <param name="change">What becomes different.</param>
    /// <param name="cancellationToken">Gives up; an engine that was stopped by then is started by the next build.</param>
    /// <returns>What happens, as events of a build.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating: what is wrong with the change, or why an engine did not come up again.</exception>
    public IAsyncEnumerable<BuildEvent> ChangeAsync(BuilderChange change, CancellationToken cancellationToken)
        => EventStream.RunAsync((report, token) => ChangeAsync(change, report, token), cancellationToken);

    private async Task ChangeAsync(BuilderChange change, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        var (before, after) = await SaveAsync(change, cancellationToken).ConfigureAwait(false);
        if (change.TouchesEngine && before.Driver != RemoteDriver.DriverName)
        {
            var pairs = (before.Nodes ?? []).Zip(after.Nodes ?? []).Where(n => IsMeant(n.First, change));
            await Task.WhenAll(pairs.Select(n => RenewAsync(before, n.First, after, n.Second, report, cancellationToken))).ConfigureAwait(false);
        }
    }

    private async Task<(BuilderInstance Before, BuilderInstance After)> SaveAsync(BuilderChange change, CancellationToken cancellationToken)
    {
        using var turn = await _store.LockAsync(cancellationToken).ConfigureAwait(false);
        var before = _selector.RequireStored(change.Name);
        var after = Changed(before, change, []);
        turn.Save(after);
        return (before, after);
    }

    /// <summary>Makes a node's container again. One that did not run is made by the next start.</summary>
    private async Task RenewAsync(
        BuilderInstance before, InstanceNode old, BuilderInstance after, InstanceNode node, Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
    {
        NodeStatus status;
        var driver = _drivers.Create(before, old, null);
        await using (driver.ConfigureAwait(false))
        {
            status = await driver.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            if (status != NodeStatus.Inactive)
            {
                await driver.RemoveAsync(keepState: true, cancellationToken).ConfigureAwait(false);
            }
        }

        if (status == NodeStatus.Running)
        {
            var renewed = _drivers.Create(after, node, null);
            await using (renewed.ConfigureAwait(false))
            {
                await renewed.BootAsync(report, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private BuilderInstance Changed(BuilderInstance builder, BuilderChange change, List<string> warnings)
    {
        var nodes = builder.Nodes ?? [];
        if (!nodes.Any(n => IsMeant(n, change)))
        {
            throw new BuildxException(
                BuildxFailure.NodeNotFound,
                $"The builder '{builder.Name}' has no node '{DisplayText.Line(change.NodeName ?? "")}'.",
                $"Its nodes are {string.Join(", ", nodes.Select(n => n.Name))}.");
        }

        if (change is { Platforms: not null, NodeName: null } && nodes.Count > 1)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"The builder '{builder.Name}' has several nodes, and platforms are assigned to one of them.",
                $"Name the node with -Node: {string.Join(", ", nodes.Select(n => n.Name))}.");
        }

        return builder with { Nodes = [.. nodes.Select(n => IsMeant(n, change) ? Changed(builder, n, change, warnings) : n)] };
    }

    private InstanceNode Changed(BuilderInstance builder, InstanceNode node, BuilderChange change, List<string> warnings)
    {
        var options = new SortedDictionary<string, string>((node.DriverOptions ?? []).ToDictionary(), StringComparer.Ordinal);
        foreach (var (name, value) in change.DriverOptions)
        {
            if (value is null)
            {
                options.Remove(name);
            }
            else
            {
                options[name] = value;
            }
        }

        node = node with
        {
            DriverOptions = options.Count == 0 ? null : options,
            Platforms = change.Platforms is null ? node.Platforms : [.. change.Platforms.Distinct().Select(InstancePlatform.From)],
        };
        if (builder.Driver == RemoteDriver.DriverName)
        {
            RemoteOptions.Parse(options).CheckFiles();
            return change.Flags is null && change.ConfigFile is null && change.Registries.IsEmpty
                ? node
                : throw new BuildxException(
                    BuildxFailure.EngineUnsupported,
                    $"The builder '{builder.Name}' is remote: the arguments and the config of its engine cannot be changed from here.",
                    "Change them where that engine is started.");
        }

        if (builder.Driver == KubernetesDriver.DriverName)
        {
            _ = KubernetesOptions.Parse(options);
            return ChangedEngine(node, usesHostNetwork: false, change, warnings);
        }

        return ChangedEngine(node, ContainerOptions.Parse(options).Network == "host", change, warnings);
    }

    private InstanceNode ChangedEngine(InstanceNode node, bool usesHostNetwork, BuilderChange change, List<string> warnings)
    {
        var config = ReadConfig(node, change);
        warnings.AddRange(config?.Warnings ?? []);
        node = config is null ? node : node with { Files = config.Files };
        return change.Flags is null ? node : node with
        {
            Flags = BuildKitFlags.Complete(BuildKitFlags.Split(change.Flags), usesHostNetwork, config?.GrantsNetworkHost ?? false),
        };
    }

    private BuilderConfigFile? ReadConfig(InstanceNode node, BuilderChange change)
    {
        if (change.ConfigFile is { } file)
        {
            return BuilderConfigFile.Read(file, change.Registries);
        }

        var text = node.Files?.GetValueOrDefault(BuilderConfigFile.FileName) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
        return text is null && change.Registries.IsEmpty
            ? null
            : BuilderConfigFile.Parse(text ?? "", $"config of the node '{node.Name}'", _environment.HomeDirectory, change.Registries, node.Files);
    }

    private static bool IsMeant(InstanceNode node, BuilderChange change)
        => change.NodeName is null || node.Name.Equals(change.NodeName, StringComparison.OrdinalIgnoreCase);
}
