using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Emulation;

/// <summary>A build whose only step runs <see cref="ProbeProgram"/>: nothing is pulled, cached or kept.</summary>
internal static class PlatformProbe
{
    private const string Program = "probe";

    private static readonly byte[] s_dockerfile = """
        FROM scratch
        COPY probe /probe
        RUN ["/probe"]
        """u8.ToArray();

    private static readonly TimeSpan s_closing = TimeSpan.FromSeconds(5);

    /// <summary>Runs it.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="platform">The platform of the build.</param>
    /// <param name="architecture">The platform's architecture.</param>
    /// <param name="cancellationToken">Stops the build on the engine.</param>
    /// <returns>A task that ends when the program has run.</returns>
    /// <exception cref="BuildxException">It did not run, or the engine is gone.</exception>
    public static async Task RunAsync(IBuildEngine engine, Platform platform, EmulatedArchitecture architecture, CancellationToken cancellationToken)
    {
        var call = new FrontendCall
        {
            Frontend = "dockerfile.v0",
            Attributes = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["filename"] = DockerfileInput.UsualName,
                ["platform"] = platform.ToString(),
                ["no-cache"] = "",
            },
        };
        var services = new BuildServices
        {
            Sources = new Dictionary<string, IFileSource>(StringComparer.Ordinal)
            {
                ["context"] = MemorySource.OfProgram(Program, ProbeProgram.Create(architecture)),
                ["dockerfile"] = MemorySource.Of(DockerfileInput.UsualName, s_dockerfile),
            },
        };
        var running = await engine.StartAsync(
            new EngineBuild { Ref = BuildReference.Create(), IsInternal = true, FrontendAttributes = call.Attributes }, services, cancellationToken).ConfigureAwait(false);
        var reading = ReadAsync(running.Events, cancellationToken);
        try
        {
            // Waiting on the token as well: an engine that is gone may not notice that it is told to stop.
            await SolveAsync(running, call, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await WaitAsync(running.DisposeAsync().AsTask()).ConfigureAwait(false);
            await WaitAsync(reading).ConfigureAwait(false);
        }
    }

    private static async Task SolveAsync(IRunningBuild running, FrontendCall call, CancellationToken cancellationToken)
    {
        try
        {
            var result = await running.SolveAsync(call, cancellationToken).ConfigureAwait(false);
            await running.ExportAsync(result, cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e)
        {
            await WaitAsync(running.FailAsync(e, cancellationToken)).ConfigureAwait(false);
            throw;
        }
    }

    private static async Task ReadAsync(IAsyncEnumerable<BuildEvent> events, CancellationToken cancellationToken)
    {
        // The engine waits for a reader of what it reports.
        await foreach (var _ in events.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
        }
    }

    /// <summary>Waits for something whose outcome changes nothing any more, but not for ever.</summary>
    private static async Task WaitAsync(Task task)
        => await task.WaitAsync(s_closing, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
