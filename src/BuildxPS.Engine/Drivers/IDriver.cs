using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Drivers;

/// <summary>Knows how one kind of node is described and reached. Everything above knows only <see cref="IBuildEngine"/>.</summary>
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

    /// <summary>The version of the node's BuildKit as the driver knows it, for engines that do not tell it themselves.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The version; null where it is not known.</returns>
    Task<string?> FindBuildKitVersionAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
