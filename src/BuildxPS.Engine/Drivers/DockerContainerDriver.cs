using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;

namespace BuildxPS.Engine.Drivers;

/// <summary>A BuildKit of its own in a container of a docker daemon, made and named as buildx does.</summary>
/// <param name="endpoint">How the daemon is reached.</param>
/// <param name="node">What the container is to be.</param>
/// <param name="timeout">How long a connection or a call of the daemon's API may take; null for 20 seconds.</param>
internal sealed class DockerContainerDriver(EngineEndpoint endpoint, ContainerNode node, TimeSpan? timeout = null) : IDriver, IDockerMachine
{
    /// <summary>The driver's name in buildx.</summary>
    public const string DriverName = "docker-container";

    private readonly DockerDaemon _daemon = new(endpoint, timeout);

    /// <inheritdoc/>
    public string Name => DriverName;

    /// <inheritdoc/>
    public DockerDaemon? MachineDaemon => _daemon;

    /// <inheritdoc/>
    public DriverFeatures GetFeatures(EngineDescription engine)
        => new()
        {
            HasContainerdStore = true,
            LoadsByDefault = node.Options.LoadsByDefault,
            SharesLoopback = node.Options.Network == "host" && LocalAddress.IsThisMachine(_daemon.Address),
        };

    /// <inheritdoc/>
    public async Task<NodeStatus> GetStatusAsync(CancellationToken cancellationToken)
        => await _daemon.FindContainerAsync(node.Container, cancellationToken).ConfigureAwait(false) switch
        {
            null => NodeStatus.Inactive,
            { State: { Running: true, Restarting: false, Paused: false } } => NodeStatus.Running,
            _ => NodeStatus.Stopped,
        };

    /// <inheritdoc/>
    public Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var connector = new ExecConnector(_daemon, node.Container);
        return Task.FromResult<IBuildEngine>(new BuildKitEngine(connector, null, connector.Address));
    }

    /// <inheritdoc/>
    public async Task<string?> FindBuildKitVersionAsync(CancellationToken cancellationToken)
    {
        var result = await _daemon.RunAsync(node.Container, ["buildkitd", "--version"], cancellationToken).ConfigureAwait(false);
        return result.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, var version, _] ? version : null;
    }

    /// <inheritdoc/>
    public Task BootAsync(Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken)
        => new ContainerBoot(_daemon, node, report).RunAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _daemon.StopContainerAsync(node.Container, cancellationToken);

    /// <inheritdoc/>
    public async Task RemoveAsync(bool keepState, CancellationToken cancellationToken)
    {
        // BuildKit gets the time to close its database, which is kept or thrown away after that.
        if (keepState)
        {
            await _daemon.StopContainerAsync(node.Container, cancellationToken).ConfigureAwait(false);
        }

        await _daemon.RemoveContainerAsync(node.Container, cancellationToken).ConfigureAwait(false);
        if (!keepState)
        {
            await _daemon.RemoveVolumeAsync(node.Volume, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _daemon.Dispose();
        return ValueTask.CompletedTask;
    }
}
