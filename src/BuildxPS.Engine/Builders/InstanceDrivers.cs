using System.Net.Security;
using BuildxPS.Engine.Builders.Store;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Drivers.Kubernetes;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;

namespace BuildxPS.Engine.Builders;

/// <summary>Makes the drivers for the nodes of stored builders. Nothing is contacted.</summary>
internal sealed class InstanceDrivers(ClientEnvironment environment, ContextCatalog contexts)
{
    /// <summary>Makes a node's driver.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="node">The node.</param>
    /// <param name="timeout">How long a connection or a call may take; null for 20 seconds.</param>
    /// <returns>The driver; the caller disposes it.</returns>
    /// <exception cref="BuildxException">The driver is not available, an option is wrong, or the endpoint cannot be used.</exception>
    public IDriver Create(BuilderInstance builder, InstanceNode node, TimeSpan? timeout)
    {
        return builder.Driver switch
        {
            DockerContainerDriver.DriverName => CreateContainer(builder, node, timeout),
            RemoteDriver.DriverName => CreateRemote(builder, node, timeout),
            KubernetesDriver.DriverName => CreateKubernetes(node, timeout),
            _ => throw NotAvailable(builder),
        };
    }

    /// <summary>The docker daemon's address that a node's proxies depend on.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="node">The node.</param>
    /// <returns>The address; the endpoint itself for an engine that is no docker's.</returns>
    public string AddressOf(BuilderInstance builder, InstanceNode node)
        => builder.Driver is RemoteDriver.DriverName or KubernetesDriver.DriverName ? node.Endpoint : FindEndpoint(node.Endpoint, builder.Name).Address;

    /// <summary>Where a node's engine runs.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="node">The node, which <see cref="Create"/> has a driver for.</param>
    /// <returns>The machine.</returns>
    public EngineMachine MachineOf(BuilderInstance builder, InstanceNode node)
    {
        if (builder.Driver == KubernetesDriver.DriverName)
        {
            return EngineMachine.At(node.Endpoint, hasDocker: false);
        }

        if (builder.Driver != RemoteDriver.DriverName)
        {
            return EngineMachine.At(FindEndpoint(node.Endpoint, builder.Name).Address, hasDocker: true);
        }

        var endpoint = RemoteEndpoint.Parse(node.Endpoint, RemoteOptions.Parse(node.DriverOptions ?? []).Tls is not null);
        return endpoint.ContainerName is null
            ? EngineMachine.At(node.Endpoint, hasDocker: false)
            : EngineMachine.At(contexts.Resolve(new BuilderSelection { Context = endpoint.ContextName }).Endpoint?.Address ?? node.Endpoint, hasDocker: true);
    }

    private RemoteDriver CreateRemote(BuilderInstance builder, InstanceNode node, TimeSpan? timeout)
    {
        var origin = $"builder '{builder.Name}', node '{node.Name}'";
        var options = RemoteOptions.Parse(node.DriverOptions ?? []);
        var endpoint = RemoteEndpoint.Parse(node.Endpoint, options.Tls is not null);
        if (endpoint.ContainerName is { } container)
        {
            var context = contexts.Resolve(new BuilderSelection { Context = endpoint.ContextName });
            var daemon = new DockerDaemon(context.Endpoint ?? throw context.Failure!, timeout);
            return new RemoteDriver(new ExecConnector(daemon, container), options, daemon);
        }

        if (endpoint.PodEndpoint is { } pod)
        {
            var found = new PodConnector(pod, environment, timeout);
            return new RemoteDriver(found, options, found);
        }

        var connector = endpoint.Address!.Ssh is { } target
            ? ConnectorFactory.Create(target, target.BuildKitCommand, node.Endpoint, timeout)
            : ConnectorFactory.Create(new EngineEndpoint { Address = node.Endpoint, Tls = options.Tls, Origin = origin }, SslApplicationProtocol.Http2, timeout);
        return new RemoteDriver(connector, options, null);
    }

    private KubernetesDriver CreateKubernetes(InstanceNode node, TimeSpan? timeout)
    {
        var options = KubernetesOptions.Parse(node.DriverOptions ?? []);
        return new KubernetesDriver(
            async token => new KubernetesCluster(
                await KubernetesAccess.ReadAsync(node.Endpoint, environment, null, token).ConfigureAwait(false), options.Namespace, timeout),
            new KubernetesNode
            {
                Name = node.Name,
                Options = options,
                Platforms = InstanceSurvey.PlatformsOf(node),
                Flags = node.Flags ?? [],
                Files = node.Files ?? [],
            });
    }

    private DockerContainerDriver CreateContainer(BuilderInstance builder, InstanceNode node, TimeSpan? timeout)
    {
        var options = ContainerOptions.Parse(node.DriverOptions ?? []);
        var endpoint = FindEndpoint(node.Endpoint, $"builder '{builder.Name}', node '{node.Name}'");
        return new DockerContainerDriver(
            endpoint,
            new ContainerNode
            {
                Name = node.Name,
                Options = options,
                Flags = node.Flags ?? [],
                Files = node.Files ?? [],
                MountsWslLibraries = IsWslSocket(endpoint),
                DescribeRun = options.DescribesGitHubRun ? () => GitHubRun.Describe(environment) : null,
                FindLogin = FindLoginAsync,
                WantsImagePolicy = GoText.Switch(environment, "BUILDX_DEFAULT_POLICY"),
            },
            timeout);
    }

    /// <summary>Finds what an endpoint's text means: a context by name, else an address.</summary>
    /// <param name="text">The text.</param>
    /// <param name="origin">Why it is this one, for messages.</param>
    /// <returns>How the engine is reached.</returns>
    /// <exception cref="BuildxException">The context cannot be used.</exception>
    public EngineEndpoint FindEndpoint(string text, string origin)
    {
        if (contexts.Find(text, new BuilderSelection()) is { } context)
        {
            return context.Endpoint ?? throw context.Failure!;
        }

        return text.Contains("://", StringComparison.Ordinal)
            ? new EngineEndpoint { Address = text, Origin = origin }
            : throw new BuildxException(
                BuildxFailure.ContextNotFound,
                $"There is no docker context '{DisplayText.Line(text)}', which the {origin} names.",
                "Make the context again with docker context create, or remove the builder.");
    }

    private async ValueTask<RegistryCredential?> FindLoginAsync(ImageReference image, CancellationToken cancellationToken)
    {
        using var logins = new CredentialStore(environment);
        return await logins.GetAsync(image.Registry, [$"repository:{image.Repository}:pull"], cancellationToken).ConfigureAwait(false);
    }

    private bool IsWslSocket(EngineEndpoint endpoint)
        => environment["WSL_DISTRO_NAME"] is not null
            && endpoint.Address.StartsWith("unix://", StringComparison.Ordinal)
            && Directory.Exists("/usr/lib/wsl");

    private static BuildxException NotAvailable(BuilderInstance builder) => new(
        BuildxFailure.EngineUnsupported,
        $"The builder '{builder.Name}' has the driver '{DisplayText.Line(builder.Driver)}', which is not available; {DockerContainerDriver.DriverName}, {KubernetesDriver.DriverName} and {RemoteDriver.DriverName} are.",
        "Choose another builder with -Builder, or make one with New-BuildxBuilder.");
}
