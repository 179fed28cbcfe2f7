using System.Threading.Channels;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Pipeline;

/// <summary>
/// Builds that run side by side on shared connections. What happens in them comes on one stream, for the pipeline's thread to
/// show; their outcomes are handed out in the order in which they were begun.
/// </summary>
internal sealed class BuildQueue : IDisposable
{
    /// <summary>Events that may wait for a slow reader; beyond, the engines' streams wait.</summary>
    private const int MaxWaitingEvents = 4096;

    /// <summary>How long stopped builds may hold the pipeline.</summary>
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromMilliseconds(150);

    private readonly CancellationTokenSource _stopping;
    private readonly ClientEnvironment _environment;
    private readonly SharedBuilders _builders;
    private readonly Queue<QueuedBuild> _begun = new();
    private readonly Channel<(QueuedBuild Build, BuildEvent? Event)> _events = Channel.CreateBounded<(QueuedBuild, BuildEvent?)>(MaxWaitingEvents);
    private readonly List<QueuedBuild> _running = [];
    private readonly List<Task> _runs = [];

    /// <summary>Creates it.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <param name="cancellationToken">Ends all builds.</param>
    public BuildQueue(ClientEnvironment environment, CancellationToken cancellationToken)
    {
        _environment = environment;
        _builders = new SharedBuilders(environment);
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    /// <summary>How many builds run.</summary>
    public int Running => _running.Count;

    /// <summary>Begins a build.</summary>
    /// <param name="target">What the user passed.</param>
    /// <param name="request">What to build.</param>
    /// <returns>The build.</returns>
    public QueuedBuild Begin(object target, BuildRequest request)
    {
        var build = new QueuedBuild(target, request, FreePlace());
        _begun.Enqueue(build);
        _running.Add(build);
        _runs.RemoveAll(r => r.IsCompleted);
        _runs.Add(Task.Run(() => RunAsync(build), CancellationToken.None));
        return build;
    }

    /// <summary>Takes the next thing that happened, if there is one.</summary>
    /// <param name="next">The build, and what happened in it; null at its end.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryTake(out (QueuedBuild Build, BuildEvent? Event) next) => _events.Reader.TryRead(out next) && Noted(next.Build, next.Event);

    /// <summary>Waits for the next thing to happen.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The build, and what happened in it; null at its end.</returns>
    public async Task<(QueuedBuild Build, BuildEvent? Event)> TakeAsync(CancellationToken cancellationToken)
    {
        var next = await _events.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        _ = Noted(next.Build, next.Event);
        return next;
    }

    /// <summary>Takes the oldest build if it is over.</summary>
    /// <param name="build">The build.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryTakeOutcome(out QueuedBuild? build)
    {
        build = _begun.TryPeek(out var oldest) && oldest.IsOver ? _begun.Dequeue() : null;
        return build is not null;
    }

    /// <summary>Stops what still runs. A moment is given to tell the engines, and to remove what was half received.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        var runs = Task.WhenAll(_runs);
        try
        {
            runs.Wait(s_cleanUp);
        }
        catch (AggregateException)
        {
            // Their outcomes were not asked for.
        }

        // Not awaited: who disposes is the pipeline's thread, and an engine that is gone can be slow to leave.
        _ = CloseAsync(runs);
    }

    private async Task CloseAsync(Task runs)
    {
        await runs.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _builders.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private bool Noted(QueuedBuild build, BuildEvent? e)
    {
        if (e is null)
        {
            build.IsOver = true;
            _running.Remove(build);
        }

        return true;
    }

    private int FreePlace() => Enumerable.Range(0, _running.Count + 1).First(i => !_running.Exists(b => b.Place == i));

    private async Task RunAsync(QueuedBuild build)
    {
        var token = _stopping.Token;
        try
        {
            await foreach (var e in new BuildRunner(_environment, _builders).RunAsync(build.Request, token).ConfigureAwait(false))
            {
                if (e is BuildPulse && _events.Reader.Count > 0)
                {
                    // No news; and whoever takes none for a while must not find a heap of it.
                    continue;
                }

                if (e is OutputBytes)
                {
                    // Unlike news, a build's own bytes are many: they wait for whoever reads them.
                    await build.WaitForRoomAsync(token).ConfigureAwait(false);
                }

                await _events.Writer.WriteAsync((build, e), token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            // Whatever it is, it belongs to this build, and is thrown where its outcome is taken.
            build.Failure = e;
        }

        await ((Task)_events.Writer.WriteAsync((build, null), token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>A build in a queue.</summary>
internal sealed class QueuedBuild(object target, BuildRequest request, int place)
{
    private const int MaxWaitingPieces = 2;

    private readonly Channel<byte> _room = Channel.CreateBounded<byte>(MaxWaitingPieces);

    /// <summary>What the user passed.</summary>
    public object Target => target;

    /// <summary>What is built.</summary>
    public BuildRequest Request => request;

    /// <summary>Its place among those that run, from 0: displays keep builds apart by it.</summary>
    public int Place => place;

    /// <summary>What tells it apart from others; null where there is one.</summary>
    public string? Label { get; set; }

    /// <summary>Whether parameters came with its input.</summary>
    public bool HasOwnValues { get; set; }

    /// <summary>Whether all that happened in it was taken.</summary>
    public bool IsOver { get; set; }

    /// <summary>What it produced; null until then, or where it failed.</summary>
    public BuildResult? Result { get; set; }

    /// <summary>Why it failed; null where it did not.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Shows it.</summary>
    public BuildDisplay Display { get; set; } = new();

    /// <summary>Warnings that were written.</summary>
    public HashSet<string> Warned { get; } = new(StringComparer.Ordinal);

    /// <summary>Waits until a piece of its output may wait to be read.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WaitForRoomAsync(CancellationToken cancellationToken) => _room.Writer.WriteAsync(0, cancellationToken);

    /// <summary>Says that a piece of its output was taken.</summary>
    public void HasRoom() => _room.Reader.TryRead(out _);
}
