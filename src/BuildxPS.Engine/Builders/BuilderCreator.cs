using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builders;

/// <summary>Makes new builders: <c>docker buildx create</c>. Everything is checked before anything is written.</summary>
public sealed class BuilderCreator
{
    private const int NameAttempts = 6;

    private readonly ContextCatalog _contexts;
    private readonly BuilderStore _store;
    private readonly NodeDraft _draft;

    /// <summary>Creates a creator. Nothing is read or contacted.</summary>
    /// <param name="environment">Where this client runs.</param>
    public BuilderCreator(ClientEnvironment environment)
    {
        _contexts = new ContextCatalog(environment);
        _store = new BuilderStore(environment);
        _draft = new NodeDraft(environment, _contexts, _store, new InstanceDrivers(environment, _contexts));
    }

    /// <summary>Creates a builder. Its engine is started by the first build, or by <see cref="BuilderLifecycle.StartAsync"/>.</summary>
    /// <param name="creation">What it is to be.</param>
    /// <param name="cancellationToken">Gives up; nothing is created then.</param>
    /// <returns>The builder's name, and what the user should know.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.BuilderNameInvalid"/>, <see cref="BuildxFailure.BuilderExists"/>, <see cref="BuildxFailure.DriverNotFound"/>,
    /// <see cref="BuildxFailure.DriverOptionInvalid"/>, <see cref="BuildxFailure.BuildKitFlagInvalid"/>, <see cref="BuildxFailure.ConfigFileInvalid"/>,
    /// or why the engine cannot be reached.
    /// </exception>
    public async Task<CreatedBuilder> CreateAsync(BuilderCreation creation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(creation);
        var name = creation.Name ?? FreeName();
        creation = creation with { Name = name };
        var (driver, node, warnings) = Plan(creation);
        await _draft.ReachAsync(driver, node, cancellationToken).ConfigureAwait(false);
        await SaveAsync(creation, name, driver, node, cancellationToken).ConfigureAwait(false);
        return new CreatedBuilder { Name = name, Warnings = warnings };
    }

    /// <summary>Refuses what <see cref="CreateAsync"/> would refuse before it contacts anything.</summary>
    /// <param name="creation">What the builder is to be; its name may be left open.</param>
    /// <exception cref="BuildxException">As for <see cref="CreateAsync"/>.</exception>
    public void Check(BuilderCreation creation)
    {
        ArgumentNullException.ThrowIfNull(creation);
        _ = Plan(creation);
    }

    private (string Driver, InstanceNode Node, IReadOnlyList<string> Warnings) Plan(BuilderCreation creation)
    {
        var driver = _draft.ChooseDriver(creation);
        if (creation.Name is { } name)
        {
            CheckName(name);
        }

        var (node, warnings) = _draft.Make(creation, driver);
        return (driver, node, warnings);
    }

    private async Task SaveAsync(BuilderCreation creation, string name, string driver, InstanceNode node, CancellationToken cancellationToken)
    {
        using var turn = await _store.LockAsync(cancellationToken).ConfigureAwait(false);

        // Again, since somebody else may have taken it meanwhile.
        CheckName(name);
        turn.Save(new BuilderInstance
        {
            Name = name,
            Driver = driver,
            Nodes = [node.Name.Length == 0 ? node with { Name = name.ToLowerInvariant() + "0" } : node],
        });
        if (creation.Use)
        {
            turn.SetCurrent(_contexts.CurrentKey(), name, isGlobal: false, isDefault: false);
        }
    }

    private string FreeName()
    {
        for (var attempt = 0; attempt < NameAttempts; attempt++)
        {
            var name = RandomName.Create(attempt);
            if (_store.Find(name) is null && _contexts.Find(name, new BuilderSelection()) is null)
            {
                return name;
            }
        }

        throw new BuildxException(
            BuildxFailure.BuilderExists,
            "No name was found that is not a builder's already.",
            "Give the new builder a name, or remove builders that are not needed with Remove-BuildxBuilder.");
    }

    private void CheckName(string name)
    {
        BuilderName.Check(name, "builder");
        if (name.Equals("default", StringComparison.OrdinalIgnoreCase))
        {
            throw new BuildxException(
                BuildxFailure.BuilderNameInvalid,
                $"'{name}' cannot be a builder's name: it is kept for the builder of docker's default context.",
                "Choose another name.");
        }

        if (_contexts.Find(name, new BuilderSelection()) is not null)
        {
            throw new BuildxException(
                BuildxFailure.BuilderExists,
                $"The name '{name}' is that of a docker context, which is a builder already.",
                "Choose another name.");
        }

        if (_store.Find(name) is not null)
        {
            throw new BuildxException(
                BuildxFailure.BuilderExists,
                $"There is a builder '{name}' already.",
                $"Choose another name, or remove it first: Remove-BuildxBuilder {name}.");
        }
    }
}
