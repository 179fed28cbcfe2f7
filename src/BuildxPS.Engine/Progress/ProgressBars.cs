using System.Globalization;

namespace BuildxPS.Engine.Progress;

/// <summary>
/// A build's progress as a few bars: one for the build, and below it one for each of the steps that run. A bar whose
/// step has ended is given to the next step, since taking a bar away costs the terminal a redraw.
/// </summary>
public sealed class ProgressBars
{
    private const int TopId = 1;
    private const int MaxSteps = 7;
    private const int MaxText = 200;
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_idle = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _clock;
    private readonly BuildTimeline _timeline = new();
    private readonly LogLines _log = new();
    private readonly HashSet<TimelineStep> _running = [];
    private readonly Dictionary<TimelineStep, DateTimeOffset> _since = [];
    private readonly HashSet<TimelineStep> _told = [];
    private readonly List<(TimelineStep Step, DateTimeOffset At)> _ended = [];
    private readonly Slot[] _slots = [.. Enumerable.Range(TopId + 1, MaxSteps).Select(id => new Slot(id))];
    private ProgressBar? _top;
    private string _activity = "Working";
    private DateTimeOffset? _begin;
    private DateTimeOffset _lastRefresh = DateTimeOffset.MinValue;

    /// <summary>Creates a display.</summary>
    /// <param name="clock">Tells how long steps run; null means the system's.</param>
    public ProgressBars(TimeProvider? clock = null) => _clock = clock ?? TimeProvider.System;

    /// <summary>Takes an event.</summary>
    /// <param name="e">The event.</param>
    /// <returns>Bars that are new or changed, at most ten times a second.</returns>
    public IReadOnlyList<ProgressBar> Handle(BuildEvent e)
    {
        var now = _clock.GetUtcNow();
        _begin ??= now;
        switch (e)
        {
            case BuildStarted started:
                _activity = DisplayText.Limit(DisplayText.Clean($"Building on {started.Plan.Builder}"), MaxText);
                break;
            case VertexLog log when _timeline.Find(log.VertexDigest) is { } step:
                _log.Add(log with { VertexDigest = step.Digest });
                break;
            default:
                Fold(e, now);
                break;
        }

        return now - _lastRefresh >= s_rest ? Tick(now) : [];
    }

    /// <summary>Lets the bars' clocks run when nothing happens for a while.</summary>
    /// <param name="now">The time by the display's clock.</param>
    /// <returns>Bars that are new or changed.</returns>
    public IReadOnlyList<ProgressBar> Tick(DateTimeOffset now)
    {
        _lastRefresh = now;
        Assign(now);
        var bars = new List<ProgressBar>();
        AddIfNew(bars, ref _top, Top(now));
        foreach (var slot in _slots)
        {
            if (slot.Step is { } step && step.IsRunning)
            {
                AddIfNew(bars, ref slot.Shown, Bar(slot.Id, step, now));
            }
            else if (slot.Shown is { } shown && now - slot.FreeSince >= s_idle)
            {
                bars.Add(shown with { Completed = true });
                (slot.Shown, slot.Step) = (null, null);
            }
        }

        return bars;
    }

    /// <summary>
    /// Takes the steps that have ended since the last call, in the order in which they ended. Some go on a moment later: a context
    /// is listed before it is sent. One that goes on after it was taken comes once more.
    /// </summary>
    /// <param name="isOver">Whether nothing can go on any more.</param>
    /// <returns>A line for each.</returns>
    public IReadOnlyList<EndedStep> TakeEnded(bool isOver = false)
    {
        var until = _ended.Count == 0 ? default : isOver ? DateTimeOffset.MaxValue : _clock.GetUtcNow() - s_idle;
        if (_ended.Count == 0 || _ended[0].At > until)
        {
            return [];
        }

        var settled = _ended.FindAll(e => e.At <= until);
        _ended.RemoveAll(e => e.At <= until);
        var ended = settled.Select(e => e.Step).Where(s => s.Runs.IsCompleted && !s.IsHidden).ToList();
        _told.UnionWith(ended);
        return [.. ended.Select(EndedStep.Of)];
    }

    /// <summary>The build has ended: takes all bars away.</summary>
    /// <returns>The bars that were shown, those of steps first.</returns>
    public IReadOnlyList<ProgressBar> Finish()
    {
        var bars = new List<ProgressBar>();
        foreach (var slot in _slots)
        {
            if (slot.Shown is { } shown)
            {
                bars.Add(shown with { Completed = true });
                slot.Shown = null;
            }
        }

        if (_top is { } top)
        {
            bars.Add(top with { Completed = true });
            _top = null;
        }

        return bars;
    }

    private static void AddIfNew(List<ProgressBar> bars, ref ProgressBar? shown, ProgressBar bar)
    {
        if (bar != shown)
        {
            bars.Add(bar);
            shown = bar;
        }
    }

    private static string Elapsed(TimeSpan time)
        => time.TotalSeconds < 60 ? PlainFormat.Seconds(Math.Max(0, time.TotalSeconds)) : $"{(long)time.TotalMinutes}m{time.Seconds:00}s";

    private void Fold(BuildEvent e, DateTimeOffset now)
    {
        _ = _timeline.Apply(e);
        var step = e is VertexChanged vertex ? _timeline.Find(vertex.Digest) : null;
        if (step is null)
        {
            return;
        }

        if (step.IsRunning && !step.IsHidden)
        {
            if (_running.Add(step))
            {
                // By our clock: the engine's may differ.
                _since[step] = now - step.Runs.Duration();
            }
        }
        else if (step.Runs.IsCompleted)
        {
            End(step, now);
        }
    }

    private void End(TimelineStep step, DateTimeOffset now)
    {
        var hasRun = _running.Remove(step);
        if (hasRun)
        {
            _since.Remove(step);
            _log.Forget(step.Digest);
        }

        if (hasRun || !_told.Contains(step))
        {
            _ended.RemoveAll(e => e.Step == step);
            _ended.Add((step, now));
        }
    }

    private (int Known, int Ended) Count()
    {
        var (known, ended) = (0, 0);
        foreach (var step in _timeline.AllSteps)
        {
            known += step.IsHidden ? 0 : 1;
            ended += !step.IsHidden && step.Runs.IsCompleted ? 1 : 0;
        }

        return (known, ended);
    }

    private void Assign(DateTimeOffset now)
    {
        foreach (var slot in _slots)
        {
            if (slot.Step is { } step && !step.IsRunning && !slot.IsFree)
            {
                slot.IsFree = true;
                slot.FreeSince = now;
            }
        }

        var homeless = _running.Where(s => !Array.Exists(_slots, slot => slot.Step == s && !slot.IsFree)).OrderBy(s => s.Number).ToList();
        foreach (var step in homeless)
        {
            // A bar that is still on the screen first: it is only renamed.
            var slot = Array.Find(_slots, s => s.IsFree && s.Shown is not null) ?? Array.Find(_slots, s => s.IsFree);
            if (slot is null)
            {
                return;
            }

            (slot.Step, slot.IsFree) = (step, false);
        }
    }

    private ProgressBar Top(DateTimeOffset now)
    {
        var more = _running.Count - MaxSteps;
        var (known, ended) = Count();
        return new ProgressBar
        {
            Id = TopId,
            Activity = _activity,
            Status = $"{ended}/{known} steps, {Elapsed(now - (_begin ?? now))}" + (more > 0 ? $", {more} more running" : ""),
            Percent = known == 0 ? -1 : Math.Min(100, (int)(100L * ended / known)),
        };
    }

    private ProgressBar Bar(int id, TimelineStep step, DateTimeOffset now)
    {
        var elapsed = Elapsed(now - _since.GetValueOrDefault(step, now));
        var moving = step.Progress.Where(p => p.Completed is null).ToList();
        var (current, total) = (moving.Sum(p => (double)p.Current), moving.Sum(p => (double)p.Total));
        var percent = total > 0 ? (int)Math.Clamp(100 * current / total, 0, 100) : -1;
        var size = total > 0 ? string.Create(CultureInfo.InvariantCulture, $"{ByteSize.Format((long)current)} of {ByteSize.Format((long)total)}, {percent}%, ")
            : current > 0 ? $"{ByteSize.Format((long)current)}, "
            : "";
        var operation = moving.Count > 0 ? moving[^1].Text
            : _log.Tail(step.Digest) is { Count: > 0 } lines ? lines[^1].Text
            : "";
        return new ProgressBar
        {
            Id = id,
            ParentId = TopId,
            Activity = step.Name.Length == 0 ? step.Digest : DisplayText.Limit(step.Name, MaxText),
            Status = size + elapsed,
            CurrentOperation = DisplayText.Limit(operation, MaxText),
            Percent = percent,
        };
    }

    private sealed class Slot(int id)
    {
        public ProgressBar? Shown;

        public int Id { get; } = id;

        public TimelineStep? Step { get; set; }

        public bool IsFree { get; set; } = true;

        public DateTimeOffset FreeSince { get; set; }
    }
}
