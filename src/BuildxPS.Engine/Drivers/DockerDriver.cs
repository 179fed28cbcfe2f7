using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;

namespace BuildxPS.Engine.Drivers;

/// <summary>A docker daemon whose own BuildKit builds.</summary>
/// <param name="endpoint">How the daemon is reached.</param>
/// <param name="timeout">How long a connection or a call of the daemon's API may take; null for 20 seconds.</param>
internal sealed class DockerDriver(EngineEndpoint endpoint, TimeSpan? timeout = null) : IDriver, IDockerHost, IDockerMachine
{
    // Only a worker on containerd names a snapshotter; asking the daemon itself would load its whole client.
    private const string SnapshotterLabel = "org.mobyproject.buildkit.worker.snapshotter";

    private readonly DockerDaemon _daemon = new(endpoint, timeout);

    /// <inheritdoc/>
    public string Name => "docker";

    /// <inheritdoc/>
    public DockerDaemon Daemon => _daemon;

    /// <inheritdoc/>
    public DockerDaemon? MachineDaemon => _daemon;

    /// <inheritdoc/>
    public DriverFeatures GetFeatures(EngineDescription engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return new DriverFeatures
        {
            IsDockerDaemon = true,
            SharesLoopback = LocalAddress.IsThisMachine(_daemon.Address),
            HasContainerdStore = engine.Workers.Any(w => w.Labels.ContainsKey(SnapshotterLabel)),
        };
    }

    /// <inheritdoc/>
    public async Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
    {
        var apiVersion = await _daemon.GetApiVersionAsync(cancellationToken).ConfigureAwait(false);
        var connector = new DockerGrpcConnector(_daemon.Connector, _daemon.DirectConnector, apiVersion);
        var sessions = DockerGrpcConnector.IsDirect(apiVersion) ? null : new DockerSessionTransport(_daemon.Connector);
        return new BuildKitEngine(connector, sessions, _daemon.Address);
    }

    /// <inheritdoc/>
    public async Task<string?> FindBuildKitVersionAsync(CancellationToken cancellationToken)
        => DockerBuildKitVersions.Find(await _daemon.GetVersionAsync(cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _daemon.Dispose();
        return ValueTask.CompletedTask;
    }
}
