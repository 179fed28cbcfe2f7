using BuildxPS.Engine.Builders.Configuration;
using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Drivers.Kubernetes;

namespace BuildxPS.Engine.Builders;

/// <summary>Makes the node of a builder out of what a user asks for. Everything is checked, and nothing is written.</summary>
internal sealed class NodeDraft(ClientEnvironment environment, ContextCatalog contexts, BuilderStore store, InstanceDrivers drivers)
{
    private const string Known = $"{DockerContainerDriver.DriverName}, {KubernetesDriver.DriverName} or {RemoteDriver.DriverName}";

    /// <summary>The driver that is meant.</summary>
    /// <param name="creation">What is asked for.</param>
    /// <returns>The driver's name: the one that is named, else the one that the endpoint says.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DriverNotFound"/> or <see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    public string ChooseDriver(BuilderCreation creation)
    {
        var driver = creation.Driver
            ?? (RemoteEndpoint.HasScheme(creation.Endpoint ?? environment["BUILDKIT_HOST"] ?? "") && IsRemote(creation.Endpoint) ? RemoteDriver.DriverName : DockerContainerDriver.DriverName);
        return driver switch
        {
            DockerContainerDriver.DriverName or RemoteDriver.DriverName or KubernetesDriver.DriverName => driver,
            "docker" => throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                "No further builder of the driver 'docker' can be made: every docker context is one already.",
                "Use the context's builder (Get-BuildxBuilder lists it), or the driver docker-container."),
            "cloud" => throw new BuildxException(
                BuildxFailure.EngineUnsupported,
                $"The driver '{driver}' is a service of Docker's own, which is not available here.",
                $"Use the driver {Known}."),
            _ => throw new BuildxException(
                BuildxFailure.DriverNotFound,
                $"There is no driver '{DisplayText.Line(driver)}'.",
                $"Use the driver {Known}."),
        };
    }

    /// <summary>Makes a node.</summary>
    /// <param name="creation">What it is to be.</param>
    /// <param name="driver">What <see cref="ChooseDriver"/> gave.</param>
    /// <returns>The node, whose name is empty where none was given, and what the user should know.</returns>
    /// <exception cref="BuildxException">What is wrong, naming the part.</exception>
    public (InstanceNode Node, IReadOnlyList<string> Warnings) Make(BuilderCreation creation, string driver)
    {
        var node = new InstanceNode
        {
            Name = creation.NodeName is { } nodeName ? BuilderName.Check(nodeName, "node").ToLowerInvariant() : "",
            Platforms = creation.Platforms.Count == 0 ? null : [.. creation.Platforms.Distinct().Select(InstancePlatform.From)],
            DriverOptions = creation.DriverOptions.Count == 0 ? null : new(creation.DriverOptions.ToDictionary(), StringComparer.Ordinal),
        };
        return driver switch
        {
            RemoteDriver.DriverName => (MakeRemote(creation, node), []),
            KubernetesDriver.DriverName => MakeKubernetes(creation, node),
            _ => MakeContainer(creation, node),
        };
    }

    /// <summary>Finds out whether the docker daemon is there that the node's container is to run in.</summary>
    /// <param name="driver">The node's driver; a remote engine may come up later.</param>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">Why the daemon cannot be reached.</exception>
    public async Task ReachAsync(string driver, InstanceNode node, CancellationToken cancellationToken)
    {
        if (driver == DockerContainerDriver.DriverName)
        {
            using var daemon = new DockerDaemon(drivers.FindEndpoint(node.Endpoint, "new builder"));
            await daemon.GetApiVersionAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>As buildx guesses: an address is meant for BuildKit, a context's name for docker.</summary>
    private bool IsRemote(string? endpoint) => endpoint is null || contexts.Find(endpoint, new BuilderSelection()) is null;

    private InstanceNode MakeRemote(BuilderCreation creation, InstanceNode node)
    {
        if (creation.ConfigFile is not null || creation.ConfigText is not null || !creation.Registries.IsEmpty)
        {
            throw new BuildxException(
                BuildxFailure.ConfigFileInvalid,
                "A remote engine's config cannot be given from here: whoever starts that engine gives it.",
                "Leave -ConfigFile and what is said about registries out.");
        }

        if (creation.Flags.Count > 0)
        {
            throw new BuildxException(
                BuildxFailure.BuildKitFlagInvalid,
                "A remote engine's arguments cannot be given from here: whoever starts that engine gives them.",
                "Leave -BuildKitdFlag out.");
        }

        var endpoint = creation.Endpoint ?? environment["BUILDKIT_HOST"]
            ?? throw new BuildxException(
                BuildxFailure.EndpointInvalid,
                "A builder of the driver remote needs an endpoint, and none was given.",
                "Give -Endpoint, for example tcp://build.example:1234, or set BUILDKIT_HOST.");
        var options = RemoteOptions.Parse(creation.DriverOptions);
        _ = RemoteEndpoint.Parse(endpoint, options.Tls is not null);
        options.CheckFiles();
        return node with { Endpoint = endpoint };
    }

    private (InstanceNode Node, IReadOnlyList<string> Warnings) MakeContainer(BuilderCreation creation, InstanceNode node)
    {
        var options = ContainerOptions.Parse(creation.DriverOptions);
        var flags = BuildKitFlags.Split(creation.Flags);
        var config = ReadConfig(creation);
        node = node with
        {
            Endpoint = FindEndpoint(creation.Endpoint),
            Flags = BuildKitFlags.Complete(flags, options.Network == "host", config?.GrantsNetworkHost ?? false),
            Files = config?.Files,
        };
        return (node, config?.Warnings ?? []);
    }

    private (InstanceNode Node, IReadOnlyList<string> Warnings) MakeKubernetes(BuilderCreation creation, InstanceNode node)
    {
        if (creation.Endpoint is { } endpoint)
        {
            throw new BuildxException(
                BuildxFailure.EndpointUnsupported,
                $"A node of the driver kubernetes has no endpoint of its own, and '{DisplayText.Line(endpoint)}' was given.",
                "Leave the endpoint out: the cluster is that of the kubeconfig's current context (KUBECONFIG, or ~/.kube/config).");
        }

        _ = KubernetesOptions.Parse(creation.DriverOptions);
        var flags = BuildKitFlags.Split(creation.Flags);
        var config = ReadConfig(creation);

        // As in buildx a name that only makes the endpoint unique; the objects are named after the node.
        var unique = node.Name.Length > 0 ? node.Name : $"buildkit-{Guid.NewGuid()}-{Guid.NewGuid().ToString("N")[..5]}";
        node = node with
        {
            Endpoint = KubernetesAccess.EndpointFor(creation.Name ?? "", unique, environment),
            Flags = BuildKitFlags.Complete(flags, usesHostNetwork: false, config?.GrantsNetworkHost ?? false),
            Files = config?.Files,
        };
        return (node, config?.Warnings ?? []);
    }

    private BuilderConfigFile? ReadConfig(BuilderCreation creation)
    {
        if (creation.ConfigText is { } text)
        {
            return creation.ConfigFile is null
                ? BuilderConfigFile.Parse(text, "text", environment.HomeDirectory, creation.Registries)
                : throw new BuildxException(
                    BuildxFailure.ConfigFileInvalid,
                    "A config was given as a file and as a text.",
                    "Give one of them.");
        }

        return creation.ConfigFile is { } file ? BuilderConfigFile.Read(file, creation.Registries)
            : File.Exists(store.DefaultConfigFile) ? BuilderConfigFile.Read(store.DefaultConfigFile, creation.Registries)
            : creation.Registries.IsEmpty ? null
            : BuilderConfigFile.Parse("", "settings of registries", environment.HomeDirectory, creation.Registries);
    }

    private string FindEndpoint(string? given)
    {
        if (given is null)
        {
            return contexts.HasEnvironmentTls
                ? throw new BuildxException(
                    BuildxFailure.EndpointUnsupported,
                    "The current engine is reached with the certificates that DOCKER_CERT_PATH names, which a builder cannot keep.",
                    "Make a docker context with these certificates (docker context create), and a builder on it: -Endpoint CONTEXT.")
                : contexts.CurrentKey();
        }

        if (given == "default")
        {
            return contexts.Find(given, new BuilderSelection())!.Endpoint!.Address;
        }

        if (contexts.Find(given, new BuilderSelection()) is not null)
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
}
