namespace BuildxPS.Engine.Engines;

/// <summary>A build under way on an engine.</summary>
public interface IRunningBuild : IAsyncDisposable
{
    /// <summary>
    /// What happens, as it happens; ends by itself when the build has ended, well or badly, and never throws for a
    /// failed build (the calls below do). Read once, while the calls below run.
    /// </summary>
    IAsyncEnumerable<BuildEvent> Events { get; }

    /// <summary>Asks a frontend for a result. The result may be lazy: its steps run when it is exported or evaluated.</summary>
    /// <param name="call">The frontend and its attributes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The result, to be passed on to the calls below.</returns>
    /// <exception cref="BuildFailedException">The frontend refused, for example for a Dockerfile that does not parse.</exception>
    Task<EngineResult> SolveAsync(FrontendCall call, CancellationToken cancellationToken);

    /// <summary>Asks for a file of a web server, which the engine fetches.</summary>
    /// <param name="address">The file's address, of http or https.</param>
    /// <param name="fileName">The file's name in the result.</param>
    /// <param name="stepName">What the step is called.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A tree with that one file.</returns>
    /// <exception cref="BuildFailedException">The engine cannot fetch it.</exception>
    Task<EngineResult> FetchAsync(string address, string fileName, string stepName, CancellationToken cancellationToken);

    /// <summary>Runs all steps of a result without exporting it.</summary>
    /// <param name="result">A result of <see cref="SolveAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that ends when all steps have run.</returns>
    Task EvaluateAsync(EngineResult result, CancellationToken cancellationToken);

    /// <summary>Reads a file in a result.</summary>
    /// <param name="result">A result of <see cref="SolveAsync"/>.</param>
    /// <param name="platform">Which platform's tree; null for a result of one.</param>
    /// <param name="path">The file's path in the tree.</param>
    /// <param name="maxBytes">Most bytes to read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The file's bytes.</returns>
    Task<ReadOnlyMemory<byte>> ReadFileAsync(EngineResult result, Platform? platform, string path, int maxBytes, CancellationToken cancellationToken);

    /// <summary>Hands the result to the exporters and waits for the build's end. Call this or <see cref="FailAsync"/>, once.</summary>
    /// <param name="result">A result of <see cref="SolveAsync"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What the exporters reported, by key (<c>containerimage.digest</c>, …).</returns>
    /// <exception cref="BuildFailedException">A step or an exporter failed.</exception>
    Task<IReadOnlyDictionary<string, string>> ExportAsync(EngineResult result, CancellationToken cancellationToken);

    /// <summary>Ends the build as failed, so that its record on the engine says why.</summary>
    /// <param name="error">Why; an error that came from the engine is returned as it came.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that ends when the engine has closed the build.</returns>
    Task FailAsync(BuildxException error, CancellationToken cancellationToken);
}
