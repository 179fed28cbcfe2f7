using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Drivers;

/// <summary>Knows how one kind of node is described, started and reached. Everything above knows only <see cref="IBuildEngine"/>.</summary>
public interface IDriver : IAsyncDisposable
{
    /// <summary>The driver's name in buildx, for example <c>docker</c>.</summary>
    string Name { get; }

    /// <summary>What the node's exporters can do, which depends on where the engine lives and not only on the engine.</summary>
    /// <param name="engine">What the engine says about itself.</param>
    /// <returns>The features.</returns>
    DriverFeatures GetFeatures(EngineDescription engine);

    /// <summary>Connects to the node's engine.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The engine; the caller disposes it.</returns>
    Task<IBuildEngine> ConnectAsync(CancellationToken cancellationToken);

    /// <summary>Whether the node has several engines, of which what is built chooses one.</summary>
    bool HasSeveralEngines => false;

    /// <summary>Connects to the engine of several that a build belongs to, for drivers whose nodes have more than one.</summary>
    /// <param name="key">What is built: the context's absolute path.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The engine; the caller disposes it.</returns>
    Task<IBuildEngine> ConnectAsync(string key, CancellationToken cancellationToken) => ConnectAsync(cancellationToken);

    /// <summary>The node's pods, where it has any.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The pods, whatever their state.</returns>
    Task<IReadOnlyList<NodePod>> GetPodsAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<NodePod>>([]);

    /// <summary>The version of the node's BuildKit as the driver knows it, for engines that do not tell it themselves.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The version; null where it is not known.</returns>
    Task<string?> FindBuildKitVersionAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>Whether the node runs. A driver that does not start its engines says that it does, and connecting tells the rest.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The status.</returns>
    Task<NodeStatus> GetStatusAsync(CancellationToken cancellationToken) => Task.FromResult(NodeStatus.Running);

    /// <summary>Starts the node's engine, and makes what it needs; returns at once where it runs.</summary>
    /// <param name="report">Takes the steps, as events of a build.</param>
    /// <param name="cancellationToken">Gives up; nothing half made is left.</param>
    /// <returns>A task that ends when the engine answers.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuilderNotBootable"/>, with the engine's own last words.</exception>
    Task BootAsync(Func<BuildEvent, CancellationToken, ValueTask> report, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Stops the node's engine; does nothing where it does not run, or is not this driver's to stop.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Removes what the driver made for the node; does nothing where it made nothing.</summary>
    /// <param name="keepState">Whether the build cache stays.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    Task RemoveAsync(bool keepState, CancellationToken cancellationToken) => Task.CompletedTask;
}
