using BuildxPS.Engine.Builders.Configuration;
using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Drivers;

namespace BuildxPS.Engine.Builders;

/// <summary>Makes new builders: <c>docker buildx create</c>. Everything is checked before anything is written.</summary>
public sealed class BuilderCreator
{
    private const int NameAttempts = 6;

    private readonly ClientEnvironment _environment;
    private readonly ContextCatalog _contexts;
    private readonly BuilderStore _store;
    private readonly InstanceDrivers _drivers;

    /// <summary>Creates a creator. Nothing is read or contacted.</summary>
    /// <param name="environment">Where this client runs.</param>
    public BuilderCreator(ClientEnvironment environment)
    {
        _environment = environment;
        _contexts = new ContextCatalog(environment);
        _store = new BuilderStore(environment);
        _drivers = new InstanceDrivers(environment, _contexts);
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
        CheckDriver(creation.Driver);
        if (creation.Name is { } name)
        {
            CheckName(name);
        }

        var options = ContainerOptions.Parse(creation.DriverOptions);
        var flags = BuildKitFlags.Split(creation.Flags);
        var config = ReadConfig(creation);
        var endpoint = FindEndpoint(creation.Endpoint);
        var node = new InstanceNode
        {
            Name = creation.NodeName is { } nodeName ? BuilderName.Check(nodeName, "node").ToLowerInvariant() : "",
            Endpoint = endpoint,
            Platforms = creation.Platforms.Count == 0 ? null : [.. creation.Platforms.Distinct().Select(InstancePlatform.From)],
            DriverOptions = creation.DriverOptions.Count == 0 ? null : new(creation.DriverOptions.ToDictionary(), StringComparer.Ordinal),
            Flags = BuildKitFlags.Complete(flags, options.Network == "host", config?.GrantsNetworkHost ?? false),
            Files = config?.Files,
        };
        await ReachAsync(endpoint, cancellationToken).ConfigureAwait(false);
        return new CreatedBuilder
        {
            Name = await SaveAsync(creation, node, cancellationToken).ConfigureAwait(false),
            Warnings = config?.Warnings ?? [],
        };
    }

    private async Task<string> SaveAsync(BuilderCreation creation, InstanceNode node, CancellationToken cancellationToken)
    {
        using var turn = await _store.LockAsync(cancellationToken).ConfigureAwait(false);
        var name = creation.Name ?? FreeName();

        // Again, since somebody else may have taken it meanwhile.
        CheckName(name);
        turn.Save(new BuilderInstance
        {
            Name = name,
            Driver = DockerContainerDriver.DriverName,
            Nodes = [node.Name.Length == 0 ? node with { Name = name.ToLowerInvariant() + "0" } : node],
        });
        if (creation.Use)
        {
            turn.SetCurrent(_contexts.CurrentKey(), name, isGlobal: false, isDefault: false);
        }

        return name;
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

    private static void CheckDriver(string? driver)
    {
        switch (driver)
        {
            case null or DockerContainerDriver.DriverName:
                return;
            case "docker":
                throw new BuildxException(
                    BuildxFailure.EngineUnsupported,
                    "No further builder of the driver 'docker' can be made: every docker context is one already.",
                    "Use the context's builder (Get-BuildxBuilder lists it), or the driver docker-container.");
            case "remote" or "kubernetes" or "cloud":
                throw new BuildxException(
                    BuildxFailure.EngineUnsupported,
                    $"The driver '{driver}' is not available yet.",
                    $"Use the driver {DockerContainerDriver.DriverName}.");
            default:
                throw new BuildxException(
                    BuildxFailure.DriverNotFound,
                    $"There is no driver '{DisplayText.Line(driver)}'.",
                    $"Use the driver {DockerContainerDriver.DriverName}.");
        }
    }

    private BuilderConfigFile? ReadConfig(BuilderCreation creation)
    {
        if (creation.ConfigText is { } text)
        {
            return creation.ConfigFile is null
                ? BuilderConfigFile.Parse(text, "text", _environment.HomeDirectory)
                : throw new BuildxException(
                    BuildxFailure.ConfigFileInvalid,
                    "A config was given as a file and as a text.",
                    "Give one of them.");
        }

        return creation.ConfigFile is { } file ? BuilderConfigFile.Read(file)
            : File.Exists(_store.DefaultConfigFile) ? BuilderConfigFile.Read(_store.DefaultConfigFile)
            : null;
    }

    private string FindEndpoint(string? given)
    {
        if (given is null)
        {
            return _contexts.HasEnvironmentTls
                ? throw new BuildxException(
                    BuildxFailure.EndpointUnsupported,
                    "The current engine is reached with the certificates that DOCKER_CERT_PATH names, which a builder cannot keep.",
                    "Make a docker context with these certificates (docker context create), and a builder on it: -Endpoint CONTEXT.")
                : _contexts.CurrentKey();
        }

        if (given == "default")
        {
            return _contexts.Find(given, new BuilderSelection())!.Endpoint!.Address;
        }

        if (_contexts.Find(given, new BuilderSelection()) is not null)
        {
            return given;
        }

        return given.Contains("://", StringComparison.Ordinal)
            ? EngineAddress.Parse(given, hasTls: false).Text
            : throw new BuildxException(
                BuildxFailure.ContextNotFound,
                $"There is no docker context '{DisplayText.Line(given)}'.",
                "Give a context's name (Get-BuildxContext lists them), or an engine's address such as unix:///var/run/docker.sock.");
    }

    private async Task ReachAsync(string endpoint, CancellationToken cancellationToken)
    {
        using var daemon = new DockerDaemon(_drivers.FindEndpoint(endpoint, "new builder"));
        await daemon.GetApiVersionAsync(cancellationToken).ConfigureAwait(false);
    }
}
