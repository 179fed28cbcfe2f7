using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;

namespace BuildxPS.Engine.Drivers;

/// <summary>A BuildKit that somebody else starts and stops, and that is only reached.</summary>
/// <param name="connector">How it is reached.</param>
/// <param name="options">The driver's options.</param>
/// <param name="daemon">The docker daemon of the container that it runs in, disposed with the driver; null where there is none.</param>
internal sealed class RemoteDriver(IConnector connector, RemoteOptions options, DockerDaemon? daemon) : IDriver
{
    /// <summary>The driver's name in buildx.</summary>
    public const string DriverName = "remote";

    /// <inheritdoc/>
    public string Name => DriverName;

    /// <inheritdoc/>
    public DriverFeatures GetFeatures(EngineDescription engine) => new() { HasContainerdStore = true, LoadsByDefault = options.LoadsByDefault };

    /// <inheritdoc/>
    public Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<IBuildEngine>(new BuildKitEngine(connector, null, connector.Address));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        daemon?.Dispose();
        return ValueTask.CompletedTask;
    }
}
