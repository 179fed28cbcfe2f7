namespace BuildxPS.Engine.Progress;

/// <summary>
/// A build's progress as lines, in the format of <c>docker buildx build --progress=plain</c>: one step has the stage,
/// the others wait until it ends, leaves it, or they have waited too long.
/// </summary>
/// <remarks>
/// Every line that holds text of the build begins with the step's number, and none holds an escape code. Unlike
/// buildx it prints whole lines only. With a log's groups, what a step printed is one.
/// </remarks>
public sealed class PlainProgress
{
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);
    private const double FairTurnSeconds = 5;

    private readonly TimeProvider _clock;
    private readonly ILogGroups? _groups;
    private readonly BuildTimeline _timeline = new();
    private readonly LogLines _log = new();
    private readonly Dictionary<TimelineStep, PlainStep> _steps = [];
    private readonly HashSet<PlainStep> _waiting = [];
    private PlainStep? _current;
    private DateTimeOffset _lastPrint = DateTimeOffset.MinValue;
    private string? _heading;
    private bool _any;
    private bool _isGroupOpen;
    private int _lastIndex;

    /// <summary>Creates a display.</summary>
    /// <param name="clock">Tells when to print; null means the system's.</param>
    public PlainProgress(TimeProvider? clock = null)
        : this(clock, groups: null)
    {
    }

    internal PlainProgress(TimeProvider? clock, ILogGroups? groups) => (_clock, _groups) = (clock ?? TimeProvider.System, groups);

    /// <summary>Takes an event.</summary>
    /// <param name="e">The event.</param>
    /// <returns>Lines to print now. What is left is printed with a later event, <see cref="Tick"/> or <see cref="Finish"/>.</returns>
    public IReadOnlyList<string> Handle(BuildEvent e)
    {
        var now = _clock.GetUtcNow();
        switch (e)
        {
            case BuildPulse:
                return Tick(now);
            case BuildStarted started:
                _heading = DisplayText.Clean($"building with \"{started.Plan.Builder}\" instance using {started.Plan.Driver} driver");
                return [];
            case VertexLog log:
                Take(log, now);
                break;
            case VertexWarning warning when warning.Warning.VertexDigest is { } digest && _timeline.Find(digest) is { } step:
                // It does not bring the step back to the stage: the warning is shown as one anyway.
                PlainOf(step).AddWarning(string.Join(' ', DisplayText.CleanLines(warning.Warning.Message)));
                break;
            default:
                Take(e, now);
                break;
        }

        return now - _lastPrint >= s_rest ? Tick(now) : [];
    }

    /// <summary>Lets the display catch up when nothing happens for a while.</summary>
    /// <param name="now">The time by the display's clock.</param>
    /// <returns>Lines to print.</returns>
    public IReadOnlyList<string> Tick(DateTimeOffset now)
    {
        _lastPrint = now;
        var output = new List<string>();
        Print(output, now);
        return output;
    }

    /// <summary>The build has ended: prints what waits, and the last output of each step that failed.</summary>
    /// <param name="withFailures">False where the error that follows shows the failed step's output by itself.</param>
    /// <returns>Lines to print.</returns>
    public IReadOnlyList<string> Finish(bool withFailures = true)
    {
        var now = _clock.GetUtcNow();
        var output = new List<string>();
        foreach (var step in _steps.Values)
        {
            Flush(step);
        }

        Print(output, now);
        EndGroup(output);
        foreach (var step in _timeline.AllSteps.Where(s => withFailures && s.IsFailed && !s.IsHidden))
        {
            output.Add("------");
            output.Add($" > {step.Name}:");
            output.AddRange(_log.Tail(step.Digest).Select(l => $"{Offset(step, l)} {l.Text}"));
            output.Add("------");
        }

        return output;
    }

    private static string Offset(TimelineStep step, LogLine line)
        => PlainFormat.Offset(step.Runs.IsStarted ? line.Timestamp - step.Runs.Current.Started : TimeSpan.Zero);

    private void Take(BuildEvent e, DateTimeOffset now)
    {
        if (_timeline.Apply(e) is not { } step)
        {
            return;
        }

        var shown = Show(step, now);
        if (e is VertexProgress progress)
        {
            if (step.FindProgress(progress.Id) is { } item)
            {
                shown.AddProgress(item);
            }
        }
        else if (step.Runs.IsCompleted)
        {
            Flush(shown);
            if (step.Error is null)
            {
                _log.Forget(step.Digest);
            }
        }
    }

    private void Take(VertexLog log, DateTimeOffset now)
    {
        if (_timeline.Find(log.VertexDigest) is not { } step)
        {
            return;
        }

        // A group's lines are kept under the group, so that its end and its failure find them.
        foreach (var line in _log.Add(log with { VertexDigest = step.Digest }))
        {
            Show(step, now).AddLine($"{Offset(step, line)} {line.Text}");
        }
    }

    private void Flush(PlainStep step)
    {
        foreach (var line in _log.Flush(step.Step.Digest))
        {
            step.AddLine($"{Offset(step.Step, line)} {line.Text}");
            _waiting.Add(step);
        }
    }

    private PlainStep Show(TimelineStep step, DateTimeOffset now)
    {
        var shown = PlainOf(step);
        shown.Touch(now);
        _waiting.Add(shown);
        return shown;
    }

    private PlainStep PlainOf(TimelineStep step)
    {
        if (!_steps.TryGetValue(step, out var shown))
        {
            _steps[step] = shown = new PlainStep(step);
        }

        return shown;
    }

    private void Print(List<string> output, DateTimeOffset now)
    {
        var ended = _waiting.Where(s => s.Step.Runs.IsCompleted && !s.Step.IsHidden)
            .OrderBy(s => s != _current)
            .ThenBy(s => s.Step.Runs.Current.Completed)
            .ThenBy(s => s.Step.Number)
            .ToList();
        foreach (var step in ended)
        {
            Print(step, output);
        }

        var running = _waiting.Where(s => !s.Step.IsHidden && !s.Step.Runs.IsCompleted).OrderBy(s => s.Step.Number).ToList();
        if (running.Count == 0)
        {
            TakeStage(output);
            return;
        }

        if (_current is not null && running.Contains(_current))
        {
            Print(_current, output);
        }

        if (Next(running, now) is { } next && next != _current)
        {
            Print(next, output);
        }
    }

    /// <summary>A step that runs without a word has the stage when nobody else wants it.</summary>
    private void TakeStage(List<string> output)
    {
        if (_current is { } current && current.Step.IsRunning)
        {
            return;
        }

        if (_steps.Values.Where(s => s.Step.IsRunning && !s.Step.IsHidden).MinBy(s => s.Step.Number) is { } step && step != _current)
        {
            Print(step, output);
        }
    }

    private PlainStep? Next(List<PlainStep> running, DateTimeOffset now)
    {
        var others = running.Where(s => s != _current).ToList();
        if (others.Count == 0)
        {
            return null;
        }

        var busiest = others.MaxBy(s => s.Speed(now))!;
        if (_current is null)
        {
            return busiest;
        }

        if (others.Find(s => now - s.ActiveSince > s_longestWait) is { } starved)
        {
            return starved;
        }

        var all = others.Sum(s => s.Speed(now)) + _current.Speed(now);
        var turn = FairTurnSeconds / Math.Max(0.001, 1 - (_current.Speed(now) / all));
        var isFastest = _current.Speed(now) >= busiest.Speed(now);
        return !isFastest && (now - _current.ActiveSince).TotalSeconds > turn ? busiest : null;
    }

    private void Print(PlainStep step, List<string> output)
    {
        step.Index = step.Index == 0 ? ++_lastIndex : step.Index;
        if (step != _current)
        {
            if (_current is not null)
            {
                _current.Rest();
                output.Add($"#{_current.Index} ...");
                EndGroup(output);
            }

            PrintHeader(step, output);
        }

        var open = step.Print(output);
        _waiting.Remove(step);
        _current = step;
        if (step.Step.Runs.IsCompleted && !open)
        {
            _current = null;
            step.Rest();
            EndGroup(output);
            PrintEnd(step, output);
        }
    }

    private void PrintHeader(PlainStep step, List<string> output)
    {
        if (_any)
        {
            AddBlank(output);
        }
        else if (_heading is not null)
        {
            output.Add("#0 " + _heading);
            AddBlank(output);
        }

        _any = true;
        var header = $"#{step.Index} {step.Step.Name}";
        // A group with nothing in it would only hide how the step ended.
        _isGroupOpen = _groups is not null && (step.HasNews || step.Step.IsRunning);
        output.Add(_isGroupOpen ? _groups!.BeginGroup(header) : header);
    }

    private void AddBlank(List<string> output)
    {
        // Groups set steps apart by themselves.
        if (_groups is null)
        {
            output.Add("");
        }
    }

    private void EndGroup(List<string> output)
    {
        if (_isGroupOpen)
        {
            output.Add(_groups!.EndGroup);
            _isGroupOpen = false;
        }
    }

    private static void PrintEnd(PlainStep step, List<string> output)
    {
        if (step.Step.IsCanceled)
        {
            output.Add($"#{step.Index} CANCELED");
        }
        else if (step.Step.Error is { } error)
        {
            var lines = DisplayText.CleanLines(error);
            output.Add($"#{step.Index} ERROR: {lines[0]}");
            output.AddRange(lines.Skip(1).Select(l => $"#{step.Index} {l}"));
        }
        else
        {
            output.Add(step.Step.Cached
                ? $"#{step.Index} CACHED"
                : $"#{step.Index} DONE {PlainFormat.Seconds(step.Step.Runs.Duration().TotalSeconds)}");
        }
    }
}
