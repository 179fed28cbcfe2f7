using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;

namespace BuildxPS.Engine.Drivers;

/// <summary>A docker daemon whose own BuildKit builds.</summary>
/// <param name="endpoint">How the daemon is reached.</param>
/// <param name="timeout">How long a connection or a call of the daemon's API may take; null for 20 seconds.</param>
internal sealed class DockerDriver(EngineEndpoint endpoint, TimeSpan? timeout = null) : IDriver
{
    // Set by engines whose images are in containerd; the moby worker of a classic store has no snapshotter to name.
    private const string SnapshotterLabel = "org.mobyproject.buildkit.worker.snapshotter";

    private readonly DockerDaemon _daemon = new(endpoint, timeout);
    private IBuildEngine? _engine;
    private IBuildEngine? _own;

    /// <inheritdoc/>
    public string Name => "docker";

    /// <inheritdoc/>
    public async Task<DriverFeatures> GetFeaturesAsync(CancellationToken cancellationToken)
    {
        var engine = _engine ?? (_own = await ConnectAsync(cancellationToken).ConfigureAwait(false));
        var description = await engine.DescribeAsync(cancellationToken).ConfigureAwait(false);
        return new DriverFeatures
        {
            IsDockerDaemon = true,
            HasContainerdStore = description.Workers.Any(worker => worker.Labels.ContainsKey(SnapshotterLabel)),
        };
    }

    /// <inheritdoc/>
    public async Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
    {
        var apiVersion = await _daemon.GetApiVersionAsync(cancellationToken).ConfigureAwait(false);
        var connector = new DockerGrpcConnector(_daemon.Connector, _daemon.DirectConnector, apiVersion);
        var sessions = DockerGrpcConnector.IsDirect(apiVersion) ? null : new DockerSessionTransport(_daemon.Connector);
        _engine = new BuildKitEngine(connector, sessions, _daemon.Address);
        return _engine;
    }

    /// <inheritdoc/>
    public async Task<string?> FindBuildKitVersionAsync(CancellationToken cancellationToken)
        => DockerBuildKitVersions.Find(await _daemon.GetVersionAsync(cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_own is not null)
        {
            await _own.DisposeAsync().ConfigureAwait(false);
        }

        _daemon.Dispose();
    }
}
