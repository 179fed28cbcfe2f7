using System.Collections.Concurrent;

namespace BuildxPS.Pipeline;

/// <summary>Work that runs side by side and is handed out in the order in which it was begun.</summary>
/// <typeparam name="T">What a piece of work gives.</typeparam>
internal sealed class OrderedWork<T> : IDisposable
{
    // Enough to hide a registry's answer times, few enough not to be taken for an attack.
    private const int Limit = 16;

    private readonly CancellationTokenSource _stopping;
    private readonly Queue<(object? Target, Task<T> Work)> _begun = new();
    private readonly ConcurrentQueue<string> _log = new();

    /// <summary>Creates it.</summary>
    /// <param name="cancellationToken">Ends all work.</param>
    public OrderedWork(CancellationToken cancellationToken) => _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

    /// <summary>Whether the oldest piece can be handed out without waiting, or must be before another one begins.</summary>
    public bool IsDue => _begun.TryPeek(out var oldest) && (oldest.Work.IsCompleted || _begun.Count >= Limit);

    /// <summary>Begins a piece.</summary>
    /// <param name="target">What the user passed.</param>
    /// <param name="work">The work.</param>
    public void Begin(object? target, Func<CancellationToken, Task<T>> work)
        => _begun.Enqueue((target, Task.Run(() => work(_stopping.Token), _stopping.Token)));

    /// <summary>Takes the oldest piece, done or not.</summary>
    /// <param name="target">What the user passed.</param>
    /// <param name="work">The piece.</param>
    /// <returns>False where none is left.</returns>
    public bool TryTake(out object? target, out Task<T> work)
    {
        var taken = _begun.TryDequeue(out var oldest);
        (target, work) = oldest;
        return taken;
    }

    /// <summary>Notes what is done, on any thread.</summary>
    /// <param name="line">A line without secrets.</param>
    public void Note(string line) => _log.Enqueue(line);

    /// <summary>Takes the notes so far.</summary>
    /// <returns>The lines.</returns>
    public IEnumerable<string> TakeNotes()
    {
        while (_log.TryDequeue(out var line))
        {
            yield return line;
        }
    }

    /// <summary>Ends what still runs: nobody waits for it any more.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }
}
