using System.Runtime.CompilerServices;
using BuildxPS.Engine.Builders.Configuration;
using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;

namespace BuildxPS.Engine.Builders;

/// <summary>
/// The builders that this client knows: those in buildx's own folder, and every docker context, with the context's
/// engine as its only node.
/// </summary>
public sealed class BuilderCatalog
{
    private readonly ClientEnvironment _environment;
    private readonly ContextCatalog _contexts;
    private readonly BuilderStore _store;
    private readonly BuilderSelector _selector;
    private readonly InstanceDrivers _drivers;

    /// <summary>Creates a catalog. Nothing is read or contacted.</summary>
    /// <param name="environment">Where this client runs.</param>
    public BuilderCatalog(ClientEnvironment environment)
    {
        _environment = environment;
        _contexts = new ContextCatalog(environment);
        _store = new BuilderStore(environment);
        _selector = new BuilderSelector(environment, _store, _contexts);
        _drivers = new InstanceDrivers(environment, _contexts);
    }

    /// <summary>
    /// How long an engine may take until it answers at all, where several builders are listed; null for the whole time. Who waits
    /// for a table wants no dead engine to hold it up.
    /// </summary>
    public TimeSpan? FirstAnswer { get; init; }

    /// <summary>
    /// All builders with what their engines say, asked side by side. Those that could be asked come first, by name and
    /// without waiting for slow ones, contexts behind the others; those that cannot be asked come last, by name, with
    /// <see cref="Builder.Error"/> or <see cref="Node.Error"/>.
    /// </summary>
    /// <param name="timeout">How long one engine may take; zero for no limit but those of connections.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builders.</returns>
    /// <exception cref="BuildxException">Docker's configuration, or buildx's folder, cannot be read.</exception>
    public IAsyncEnumerable<Builder> ListAsync(TimeSpan timeout, CancellationToken cancellationToken) => ListAsync(_ => true, timeout, cancellationToken);

    /// <summary>The same for some builders; no other's engine is asked.</summary>
    /// <param name="isWanted">Whether a builder of this name is wanted.</param>
    /// <param name="timeout">How long one engine may take; zero for no limit but those of connections.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builders.</returns>
    /// <exception cref="BuildxException">Docker's configuration, or buildx's folder, cannot be read.</exception>
    public async IAsyncEnumerable<Builder> ListAsync(Func<string, bool> isWanted, TimeSpan timeout, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var current = _selector.FindCurrentName();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = All().Where(builder => isWanted(builder.Name)).Select(builder => DescribeAsync(builder, builder.Name == current, FirstAnswer, timeout, stopping.Token)).ToList();
        try
        {
            await foreach (var builder in LiveFirst.OrderAsync(asked, builder => builder.Status != NodeStatus.Error, stopping.Token).ConfigureAwait(false))
            {
                yield return builder;
            }
        }
        finally
        {
            // The consumer may have stopped early; nothing then waits for the rest.
            await stopping.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(asked)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The names of all builders, without asking any engine.</summary>
    /// <returns>Names, those of contexts behind the others.</returns>
    /// <exception cref="BuildxException">Docker's configuration, or buildx's folder, cannot be read.</exception>
    public IReadOnlyList<string> ListNames() => [.. All().Select(builder => builder.Name)];

    /// <summary>All builders as they are written down, without asking any engine; their nodes have no status.</summary>
    /// <returns>The builders, those of contexts behind the others.</returns>
    /// <exception cref="BuildxException">Docker's configuration, or buildx's folder, cannot be read.</exception>
    public IReadOnlyList<Builder> ListLocal()
    {
        var current = _selector.FindCurrentName();
        return [.. All().Select(builder => Known(builder, builder.Name == current))];
    }

    /// <summary>One builder as it is written down, without asking any engine; its nodes have no status.</summary>
    /// <param name="selection">Which one.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="BuildxException">There is no such builder or context, or the configuration cannot be read.</exception>
    public Builder FindLocal(BuilderSelection selection)
    {
        var builder = _selector.Choose(selection);
        return Known(builder, selection.DockerHost is null && builder.Name == _selector.FindCurrentName());
    }

    /// <summary>One builder with what its engines say.</summary>
    /// <param name="selection">Which one.</param>
    /// <param name="timeout">How long one engine may take; zero for no limit but those of connections.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder; with <see cref="Builder.Error"/> or <see cref="Node.Error"/> where it could not be asked.</returns>
    /// <exception cref="BuildxException">There is no such builder or context, or the configuration cannot be read.</exception>
    public async Task<Builder> GetAsync(BuilderSelection selection, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var builder = _selector.Choose(selection);
        var isCurrent = selection.DockerHost is null && builder.Name == _selector.FindCurrentName();
        return await DescribeAsync(builder, isCurrent, null, timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Chooses the builder for a piece of work. No engine is contacted.</summary>
    /// <param name="selection">Which one.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder's drivers; the caller disposes it.</returns>
    /// <exception cref="BuildxException">There is no such builder or context, it cannot be used, or the configuration cannot be read.</exception>
    public async Task<BuilderHandle> ResolveAsync(BuilderSelection selection, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var builder = _selector.Choose(selection);
        return builder.Context is { } context
            ? HandleOf(context)
            : await HandleOfAsync(builder.Stored!.Instance ?? throw builder.Stored.Failure!).ConfigureAwait(false);
    }

    /// <summary>How far a builder's engine trusts registries, by the config of its first node. No engine is asked.</summary>
    /// <param name="name">The builder's name.</param>
    /// <returns>Nothing beyond the defaults where there is no such builder, or it has no config.</returns>
    public RegistryTrust TrustOf(string name) => ConfiguredTrust.Read(_store.Find(name)?.Instance?.Nodes is [var first, ..] ? first.Files : null);

    private IEnumerable<ChosenBuilder> All()
    {
        var stored = _store.List();
        var names = stored.Select(b => b.Name).ToHashSet(StringComparer.Ordinal);
        return stored.Select(b => new ChosenBuilder { Stored = b })
            .Concat(_contexts.ListResolved(new BuilderSelection()).Where(c => !names.Contains(c.Name)).Select(c => new ChosenBuilder { Context = c }));
    }

    private Task<Builder> DescribeAsync(ChosenBuilder builder, bool isCurrent, TimeSpan? firstAnswer, TimeSpan timeout, CancellationToken cancellationToken)
        => builder.Context is { } context
            ? BuilderSurvey.DescribeAsync(context, isCurrent, firstAnswer, timeout, cancellationToken)
            : InstanceSurvey.DescribeAsync(builder.Stored!, _drivers, isCurrent, firstAnswer, timeout, cancellationToken);

    private static Builder Known(ChosenBuilder builder, bool isCurrent)
        => builder.Context is { } context ? BuilderSurvey.Known(context, isCurrent) : InstanceSurvey.Known(builder.Stored!, isCurrent);

    private BuilderHandle HandleOf(ResolvedContext context)
    {
        var driver = new DockerDriver(context.Endpoint ?? throw context.Failure!);
        return new BuilderHandle
        {
            Name = context.Name,
            Driver = driver.Name,
            Nodes =
            [
                new NodeHandle
                {
                    Name = context.Name,
                    Endpoint = context.Name,
                    Driver = driver,
                    Machine = EngineMachine.At(context.Endpoint.Address, hasDocker: true),
                    ProxyArguments = BuildProxies.For(DockerConfiguration.Read(_environment), context.Endpoint.Address),
                },
            ],
        };
    }

    private async Task<BuilderHandle> HandleOfAsync(BuilderInstance builder)
    {
        var configuration = DockerConfiguration.Read(_environment);
        var nodes = new List<NodeHandle>();
        try
        {
            foreach (var node in builder.Nodes ?? [])
            {
                nodes.Add(new NodeHandle
                {
                    Name = node.Name,
                    Endpoint = node.Endpoint,
                    Driver = _drivers.Create(builder, node, null),
                    Machine = _drivers.MachineOf(builder, node),
                    ExplicitPlatforms = InstanceSurvey.PlatformsOf(node),
                    Trust = ConfiguredTrust.Read(node.Files),
                    ProxyArguments = BuildProxies.For(configuration, _drivers.AddressOf(builder, node)),
                });
            }
        }
        catch
        {
            foreach (var node in nodes)
            {
                await node.Driver.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }

        return new BuilderHandle { Name = builder.Name, Driver = builder.Driver, Nodes = nodes, NoteUse = () => _store.Touch(builder.Name) };
    }
}
