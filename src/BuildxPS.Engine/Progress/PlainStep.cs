namespace BuildxPS.Engine.Progress;

/// <summary>What the plain display still has to print of one step.</summary>
internal sealed class PlainStep(TimelineStep step)
{
    /// <summary>Lines that wait are bounded; a step that floods loses the oldest ones and says so.</summary>
    private const int MaxWaitingLines = 50_000;

    private readonly Dictionary<StepProgress, (long Current, DateTimeOffset Timestamp)> _printed = [];
    private readonly HashSet<StepProgress> _moved = [];
    private readonly Queue<string> _lines = new();
    private readonly Queue<string> _warnings = new();
    private DateTimeOffset _activeSince;
    private long _activity;
    private long _dropped;

    /// <summary>The step.</summary>
    public TimelineStep Step { get; } = step;

    /// <summary>Its number in the output, given when it is first printed; zero before.</summary>
    public int Index { get; set; }

    /// <summary>When it began to have something to print since it last had the stage.</summary>
    public DateTimeOffset ActiveSince => _activeSince;

    /// <summary>Whether something waits to be printed.</summary>
    public bool HasNews => _moved.Count > 0 || _lines.Count > 0 || _warnings.Count > 0 || _dropped > 0;

    /// <summary>Notes that something happened.</summary>
    /// <param name="now">The display's time.</param>
    public void Touch(DateTimeOffset now)
    {
        if (_activity++ == 0)
        {
            _activeSince = now;
        }
    }

    /// <summary>It left the stage: its activity counts anew.</summary>
    public void Rest() => _activity = 0;

    /// <summary>How much happened a second.</summary>
    /// <param name="now">The display's time.</param>
    /// <returns>Events a second.</returns>
    public double Speed(DateTimeOffset now) => _activity / Math.Max(0.001, (now - _activeSince).TotalSeconds);

    /// <summary>Something moved on.</summary>
    public void AddProgress(StepProgress item) => _moved.Add(item);

    /// <summary>The frontend warned about it.</summary>
    public void AddWarning(string text) => _warnings.Enqueue(text);

    /// <summary>It printed a line.</summary>
    public void AddLine(string line)
    {
        if (_lines.Count == MaxWaitingLines)
        {
            _lines.Dequeue();
            _dropped++;
        }

        _lines.Enqueue(line);
    }

    /// <summary>Prints what waits.</summary>
    /// <param name="output">Takes the lines.</param>
    /// <returns>Whether something in it is still moving.</returns>
    public bool Print(List<string> output)
    {
        var open = false;
        foreach (var item in Step.Progress)
        {
            if (_moved.Contains(item) && IsDue(item))
            {
                _printed[item] = (item.Current, item.Timestamp);
                output.Add($"#{Index} {PlainFormat.Progress(item)}");
                open |= item.Completed is null;
            }
        }

        _moved.Clear();
        while (_warnings.TryDequeue(out var warning))
        {
            output.Add($"#{Index} WARN: {warning}");
        }

        if (_dropped > 0)
        {
            output.Add($"#{Index} [{_dropped} lines left out: they came faster than they could be shown]");
            _dropped = 0;
        }

        while (_lines.TryDequeue(out var line))
        {
            output.Add($"#{Index} {line}");
        }

        return open;
    }

    private bool IsDue(StepProgress item)
    {
        if (item.Completed is not null || !_printed.TryGetValue(item, out var last))
        {
            return true;
        }

        var share = item.Total > 0 ? (item.Current - last.Current) / (double)item.Total : 0;
        return share >= 0.05 || item.Timestamp - last.Timestamp >= TimeSpan.FromSeconds(5);
    }
}
