using System.Runtime.CompilerServices;
using System.Threading.Channels;
using BuildxPS.Engine.Builds.Caches;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Builds.Questions;
using BuildxPS.Engine.Builds.Results;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds;

/// <summary>Runs builds: from a request to its result, with everything that happens on the way.</summary>
public sealed class BuildRunner
{
    /// <summary>Events that may wait for a slow reader; beyond, the engine's stream waits.</summary>
    private const int MaxWaitingEvents = 4096;

    private static readonly TimeSpan s_pulse = TimeSpan.FromMilliseconds(150);

    /// <summary>How long a stopped build may hold its caller; it cleans up by itself afterwards.</summary>
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromMilliseconds(150);

    private readonly ClientEnvironment _environment;
    private readonly BuildParts _parts;

    /// <summary>Creates a runner.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public BuildRunner(ClientEnvironment environment)
        : this(environment, BuildParts.Real(environment))
    {
    }

    /// <summary>Creates a runner on builders that other builds use as well.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <param name="builders">The builders; they outlive the build.</param>
    public BuildRunner(ClientEnvironment environment, SharedBuilders builders)
        : this(environment, BuildParts.Real(environment) with { ResolveBuilder = (builders ?? throw new ArgumentNullException(nameof(builders))).ResolveAsync })
    {
    }

    /// <summary>Creates a runner of other parts.</summary>
    internal BuildRunner(ClientEnvironment environment, BuildParts parts)
    {
        _environment = environment;
        _parts = parts;
    }

    /// <summary>
    /// Runs a build. What is wrong with the request itself is refused before anything is contacted or written. The
    /// first event is <see cref="BuildStarted"/>, after the steps of starting an engine that does not run yet; the last one of a build that succeeds <see cref="BuildCompleted"/>.
    /// Leaving the enumeration early stops the build.
    /// </summary>
    /// <param name="request">What to build.</param>
    /// <param name="cancellationToken">Stops the build on the engine; nothing is left at its destinations.</param>
    /// <returns>What happens, as it happens.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating, after all events of the failure.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IAsyncEnumerable<BuildEvent> RunAsync(BuildRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return StreamAsync(request, null, cancellationToken);
    }

    /// <summary>
    /// Asks the Dockerfile's frontend something instead of letting it build: no step runs, and the engine keeps no record. The last event is
    /// <see cref="FrontendAnswered"/>. Leaving the enumeration early gives the question up.
    /// </summary>
    /// <param name="request">What would be built; outputs and caches play no part.</param>
    /// <param name="question">The question.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What happens, as it happens.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating; of a frontend that knows no such question <see cref="BuildxFailure.EngineUnsupported"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IAsyncEnumerable<BuildEvent> AskAsync(BuildRequest request, FrontendQuestion question, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return StreamAsync(request, question, cancellationToken);
    }

    private async IAsyncEnumerable<BuildEvent> StreamAsync(BuildRequest request, FrontendQuestion? question, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = Channel.CreateBounded<BuildEvent>(new BoundedChannelOptions(MaxWaitingEvents) { SingleReader = true });

        // On the thread pool, since looking at files can block before the first await. The token ends what the work
        // does, not the work: it has to clean up.
        var room = new SemaphoreSlim(PipelineOutput.MaxPieces);
        var work = Task.Run(() => WorkAsync(request, question, events.Writer, room, stopping.Token), CancellationToken.None);
        try
        {
            var started = false;
            var more = events.Reader.WaitToReadAsync(stopping.Token).AsTask();
            while (true)
            {
                if (!started || await IsReadyAsync(more, stopping.Token).ConfigureAwait(false))
                {
                    if (!await more.ConfigureAwait(false))
                    {
                        break;
                    }

                    while (events.Reader.TryRead(out var e))
                    {
                        started = true;
                        yield return e;
                        if (e is OutputBytes)
                        {
                            room.Release();
                        }
                    }

                    more = events.Reader.WaitToReadAsync(stopping.Token).AsTask();
                }
                else
                {
                    yield return new BuildPulse();
                }
            }

            await work.WaitAsync(stopping.Token).ConfigureAwait(false);
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await ((Task)work.WaitAsync(s_cleanUp, CancellationToken.None)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Refuses what can be refused without contacting or changing anything, as <see cref="RunAsync"/> does first.</summary>
    /// <param name="request">What to build.</param>
    /// <exception cref="BuildxException">What is wrong with the request, or with the files it names.</exception>
    public void Check(BuildRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request = RequestCheck.Normalize(request, _environment);
        LoadTargets.CheckContexts(OutputPlan.Check(request), _environment);
        BuildInputs.Find(request, _environment);
        BuildMounts.Open(request, _environment).Dispose();
        _ = CachePlan.Check(request);
        _ = NamedContexts.Find(request);
        _ = SourcePolicy.Read(_environment);
        ResultFiles.Check(request);
    }

    private async Task<bool> IsReadyAsync(Task more, CancellationToken cancellationToken)
    {
        if (more.IsCompleted)
        {
            return true;
        }

        using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(more, Task.Delay(s_pulse, _parts.Clock, quiet.Token)).ConfigureAwait(false);
        await quiet.CancelAsync().ConfigureAwait(false);
        return first == more || cancellationToken.IsCancellationRequested;
    }

    private async Task WorkAsync(
        BuildRequest request, FrontendQuestion? question, ChannelWriter<BuildEvent> events, SemaphoreSlim room, CancellationToken cancellationToken)
    {
        try
        {
            await new BuildExecution(_environment, _parts, events, room) { Question = question }.RunAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is not OperationCanceledException)
        {
            // What others say while they are being stopped is no failure of the build.
            throw new OperationCanceledException("The build was cancelled.", e, cancellationToken);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BuildxException(
                BuildxFailure.BuildCanceled,
                "The build was cancelled, though not from here.",
                "Look at the engine's log for who stopped it, and build again.",
                e);
        }
        finally
        {
            events.TryComplete();
        }
    }
}
