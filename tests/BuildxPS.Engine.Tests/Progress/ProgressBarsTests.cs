using BuildxPS.Engine.Progress;
using static BuildxPS.Engine.Tests.Progress.Events;

namespace BuildxPS.Engine.Tests.Progress;

public sealed class ProgressBarsTests
{
    private readonly FakeClock _clock = new();
    private readonly ProgressBars _bars;

    public ProgressBarsTests() => _bars = new ProgressBars(_clock);

    private List<ProgressBar> Feed(params BuildEvent[] events)
    {
        var shown = new List<ProgressBar>();
        foreach (var e in events)
        {
            shown.AddRange(_bars.Handle(e));
        }

        _clock.Advance(0.15);
        shown.AddRange(_bars.Handle(new BuildPulse()));
        return shown;
    }

    [Fact]
    public void A_running_step_has_a_bar_with_bytes_and_time()
    {
        Feed(Started());
        var shown = Feed(Vertex("a", "load context", 0), Vertex("b", "later"), Moved("a", "transferring context:", 500, 2000));
        var top = shown.Last(b => b.Id == 1);
        var step = shown.Last(b => b.Id == 2);
        Assert.Equal(("Building on default", -1, 0), (top.Activity, top.ParentId, top.Percent));
        Assert.StartsWith("0/2 steps, 0.", top.Status, StringComparison.Ordinal);
        Assert.Equal(("load context", 1, 25, "transferring context:"), (step.Activity, step.ParentId, step.Percent, step.CurrentOperation));
        Assert.StartsWith("500B of 2.00kB, 25%, 0.", step.Status, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bar_is_used_again_for_the_next_step_and_taken_away_when_none_comes()
    {
        Feed(Vertex("a", "first", 0));
        var shown = Feed(Vertex("a", "first", 0, 1), Vertex("b", "second", 1));
        Assert.Equal("second", shown.Last(b => b.Id == 2).Activity);
        Assert.DoesNotContain(shown, b => b.Completed);
        shown = Feed(Vertex("b", "second", 1, 2));
        Assert.DoesNotContain(shown, b => b.Completed);
        _clock.Advance(1);
        Assert.True(Feed().Single(b => b.Id == 2).Completed);
    }

    [Fact]
    public void There_are_never_more_than_eight_bars()
    {
        var shown = Feed([.. Enumerable.Range(0, 20).Select(i => Vertex($"v{i}", $"step {i}", 0))]);
        Assert.Equal(Enumerable.Range(1, 8), shown.Select(b => b.Id).Distinct().Order());
        Assert.EndsWith(", 13 more running", shown.Last(b => b.Id == 1).Status, StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_takes_away_children_before_the_parent()
    {
        Feed(Vertex("a", "first", 0), Vertex("b", "second", 0));
        var gone = _bars.Finish();
        Assert.All(gone, b => Assert.True(b.Completed));
        Assert.Equal([2, 3, 1], gone.Select(b => b.Id));
        Assert.Empty(_bars.Finish());
    }

    [Fact]
    public void The_last_line_of_output_says_what_a_step_does()
    {
        var shown = Feed(Vertex("a", "RUN make", 0), Log("a", "compiling \u001b[31mx.c\u001b[0m\nlinking\n"));
        Assert.Equal("linking", shown.Last(b => b.Id == 2).CurrentOperation);
    }

    [Fact]
    public void Bars_are_not_written_more_than_ten_times_a_second()
    {
        Feed(Vertex("a", "x", 0));
        var written = 0;
        for (var i = 0; i < 1000; i++)
        {
            _clock.Advance(0.001);
            written += _bars.Handle(Moved("a", "p", i, 1000)).Count;
        }

        Assert.InRange(written, 1, 20);
    }

    [Fact]
    public void A_step_that_ended_is_told_once_with_how_it_ended()
    {
        Feed(Vertex("a", "first", 0), Vertex("b", "second", 0, 0, cached: true), Vertex("c", "third", 0));
        _clock.Advance(0.5);
        Assert.Equal([("cached", "second")], _bars.TakeEnded().Select(s => (s.Outcome, s.Name)));
        Feed(Vertex("a", "first", 0, 65), Vertex("c", "third", 0, 1, error: "exit code: 3"), Vertex("b", "second", 1, 1, cached: true));
        Assert.Equal([("1m 5s", "first"), ("failed", "third")], _bars.TakeEnded(isOver: true).Select(s => (s.Outcome, s.Name)));
        Assert.Empty(_bars.TakeEnded(isOver: true));
    }

    [Fact]
    public void A_step_that_goes_on_after_a_moment_has_not_ended()
    {
        Feed(Vertex("a", "load build context", 0));
        Feed(Vertex("a", "load build context", 0, 0.1));
        Assert.Empty(_bars.TakeEnded());
        Feed(Vertex("a", "load build context", 0.2));
        _clock.Advance(5);
        Assert.Empty(_bars.TakeEnded());
        Feed(Vertex("a", "load build context", 0.2, 5.2));
        _clock.Advance(5);
        Assert.Equal(["5.1s"], _bars.TakeEnded().Select(s => s.Outcome));
    }

    [Fact]
    public void A_silent_step_s_clock_runs()
    {
        Feed(Vertex("a", "RUN sleep 60", 0));
        _clock.Advance(5);
        Assert.StartsWith("5.", Feed().Last(b => b.Id == 2).Status, StringComparison.Ordinal);
    }
}
