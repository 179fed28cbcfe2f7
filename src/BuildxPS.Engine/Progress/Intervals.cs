namespace BuildxPS.Engine.Progress;

/// <summary>When a step ran. A step may start more than once, and its runs may overlap; each moment counts once.</summary>
internal sealed class Intervals
{
    /// <summary>More runs than this are counted into the last one; no real step comes near.</summary>
    private const int MaxCount = 1000;

    private readonly SortedDictionary<DateTimeOffset, DateTimeOffset?> _runs = [];

    /// <summary>Whether it ever started.</summary>
    public bool IsStarted => _runs.Count > 0;

    /// <summary>Whether it started and no run is open.</summary>
    public bool IsCompleted => IsStarted && Current.Completed is not null;

    /// <summary>Start of the first run; null if there is none.</summary>
    public DateTimeOffset? FirstStarted => IsStarted ? _runs.First().Key : null;

    /// <summary>The last run, overlapping ones taken together.</summary>
    public (DateTimeOffset Started, DateTimeOffset? Completed) Current => Merge()[^1];

    /// <summary>Notes a run, or that a noted one ended.</summary>
    /// <param name="started">When it started, which also tells it from others.</param>
    /// <param name="completed">When it ended; null while it runs.</param>
    /// <returns>Whether this was news.</returns>
    public bool Set(DateTimeOffset started, DateTimeOffset? completed)
    {
        if (_runs.TryGetValue(started, out var before) ? before == completed : _runs.Count >= MaxCount)
        {
            return false;
        }

        _runs[started] = completed;
        return true;
    }

    /// <summary>Time that it ran.</summary>
    /// <param name="now">Where an open run is cut; with null it does not count.</param>
    /// <returns>The sum of its runs.</returns>
    public TimeSpan Duration(DateTimeOffset? now = null)
    {
        var total = TimeSpan.Zero;
        foreach (var (started, completed) in Merge())
        {
            var length = (completed ?? now ?? started) - started;
            total += length > TimeSpan.Zero ? length : TimeSpan.Zero;
        }

        return total;
    }

    private List<(DateTimeOffset Started, DateTimeOffset? Completed)> Merge()
    {
        var merged = new List<(DateTimeOffset Started, DateTimeOffset? Completed)>(_runs.Count);
        foreach (var (started, completed) in _runs)
        {
            if (merged.Count == 0 || merged[^1].Completed < started)
            {
                merged.Add((started, completed));
            }
            else if (merged[^1].Completed is { } end && (completed is null || completed > end))
            {
                merged[^1] = (merged[^1].Started, completed);
            }
        }

        return merged;
    }
}
