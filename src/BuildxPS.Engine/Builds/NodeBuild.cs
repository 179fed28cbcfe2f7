using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Builds.Results;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds;

/// <summary>One node's part of a build: its session, its solve, its events.</summary>
internal sealed class NodeBuild(ChosenNode node, BuildObserver seen, Func<BuildEvent, CancellationToken, ValueTask> report)
{
    /// <summary>An engine that has answered has this long for its last events and for closing the build.</summary>
    private static readonly TimeSpan s_closing = TimeSpan.FromSeconds(5);

    /// <summary>Files here are cleaned up after this long, even if the engine does not let go of the build.</summary>
    private static readonly TimeSpan s_letGo = TimeSpan.FromSeconds(2);

    /// <summary>The node.</summary>
    public ChosenNode Node { get; } = node;

    /// <summary>What was seen of the node's events.</summary>
    public BuildObserver Seen { get; } = seen;

    /// <summary>What the engine is told.</summary>
    public required EngineBuild Build { get; set; }

    /// <summary>What its frontend is asked.</summary>
    public required FrontendCall Call { get; set; }

    /// <summary>Its outputs and their exporters.</summary>
    public required IReadOnlyList<(PlannedOutput Output, EngineExporter Exporter)> Exporters { get; init; }

    /// <summary>What this client serves to it.</summary>
    public required BuildServices Services { get; init; }

    /// <summary>Says more of a failure.</summary>
    public required Func<BuildxException, CancellationToken, Task<BuildxException>> Explain { get; init; }

    /// <summary>Whether the build context is a stream, which is read once.</summary>
    public bool IsFromStream { get; init; }

    /// <summary>When a push is tried again.</summary>
    public PushRetry Retry { get; init; } = new();

    /// <summary>Refuses a result before anything is made of it; null takes any.</summary>
    public Action<EngineResult>? CheckResult { get; init; }

    /// <summary>What the frontend gave; null until the part is done.</summary>
    public EngineResult? Result { get; private set; }

    /// <summary>What the exporters answered; empty until the part is done.</summary>
    public IReadOnlyDictionary<string, string> Response { get; private set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The platforms that the frontend says it built; empty where it does not say.</summary>
    public IReadOnlyList<Platform> Platforms { get; private set; } = [];

    /// <summary>The part's reference, as buildx writes it.</summary>
    /// <param name="plan">The plan that it is a part of.</param>
    /// <returns><c>BUILDER/NODE/REF</c>.</returns>
    public string BuildRef(BuildPlan plan) => $"{plan.Builder}/{Node.Node.Name}/{Build.Ref}";

    /// <summary>Runs the part.</summary>
    /// <param name="cancellationToken">Stops it on the engine.</param>
    /// <returns>A task that ends when the engine has all done.</returns>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await RunOnceAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (BuildxException e) when (Retry.After(e, attempt, this) is { } delay)
            {
                await ReportAsync(new VertexWarning { Warning = Retry.Describe(e, attempt) }, cancellationToken).ConfigureAwait(false);
                await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
                Build = Build with { Ref = BuildReference.Create(), FrontendAttributes = WithCache(Build.FrontendAttributes) };
                Call = Call with { Attributes = WithCache(Call.Attributes) };
            }
        }
    }

    /// <summary>Steps that were to be run whatever the cache has were run by now.</summary>
    private static Dictionary<string, string> WithCache(IReadOnlyDictionary<string, string> attributes)
        => attributes.Where(a => a.Key != "no-cache").ToDictionary(StringComparer.Ordinal);

    private async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        IRunningBuild? running = null;
        var forwarding = Task.CompletedTask;
        try
        {
            running = await Node.Engine.StartAsync(Build, Services, cancellationToken).ConfigureAwait(false);
            forwarding = ForwardAsync(running.Events, cancellationToken);
            var result = await SolveAsync(running, cancellationToken).ConfigureAwait(false);

            // Waiting on the token as well: an engine that is gone may not notice that it is told to stop.
            Response = Reported(await running.ExportAsync(result, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false));
            await WaitAsync(forwarding, s_closing, cancellationToken).ConfigureAwait(false);
            if (forwarding.IsFaulted)
            {
                await forwarding.ConfigureAwait(false);
            }

            Platforms = BuildResults.PlatformsOf(result);
            Result = result;
        }
        catch (BuildxException e) when (!cancellationToken.IsCancellationRequested)
        {
            await WaitAsync(forwarding, s_closing, cancellationToken).ConfigureAwait(false);
            throw await Explain(e, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (running is not null)
            {
                await WaitAsync(running.DisposeAsync().AsTask(), s_letGo, CancellationToken.None).ConfigureAwait(false);
            }

            // Nothing is written to the events after this method has ended.
            await WaitAsync(forwarding, s_letGo, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>A containerd image store knows an image by its manifest's digest, so that the config's would find nothing there.</summary>
    private IReadOnlyDictionary<string, string> Reported(IReadOnlyDictionary<string, string> response)
        => Exporters.Any(e => e.Output.IsLoad && e.Exporter.Type == "oci")
            ? response.Where(r => r.Key != "containerimage.config.digest").ToDictionary(StringComparer.Ordinal)
            : response;

    private async Task<EngineResult> SolveAsync(IRunningBuild running, CancellationToken cancellationToken)
    {
        try
        {
            var result = await running.SolveAsync(Call, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
            CheckResult?.Invoke(result);
            return result;
        }
        catch (BuildxException e)
        {
            await WaitAsync(running.FailAsync(e, cancellationToken), s_closing, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private async Task ForwardAsync(IAsyncEnumerable<BuildEvent> source, CancellationToken cancellationToken)
    {
        await foreach (var e in source.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            await ReportAsync(e, cancellationToken).ConfigureAwait(false);
        }
    }

    private ValueTask ReportAsync(BuildEvent e, CancellationToken cancellationToken)
    {
        Seen.Handle(e);
        return report(e, cancellationToken);
    }

    /// <summary>Waits for something whose outcome changes nothing any more, but not for ever.</summary>
    private static async Task WaitAsync(Task task, TimeSpan limit, CancellationToken cancellationToken)
        => await task.WaitAsync(limit, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
