using BuildxPS.Engine.Reports;
using static BuildxPS.Engine.Tests.Reports.TestBuilds;

namespace BuildxPS.Engine.Tests.Reports;

public sealed class TimelineTests
{
    [Fact]
    public void Bars_stand_where_their_steps_ran()
    {
        var lanes = Lanes(Step(1, "a", 0, 5), Step(2, "b", 5, 5), Step(3, "c", 2.5, 0, BuildStepStatus.Cached), Step(4, "d", 0, 0, BuildStepStatus.Pending));
        Assert.Equal((0, 50), (lanes[0].Start, lanes[0].Width));
        Assert.Equal((50, 50), (lanes[1].Start, lanes[1].Width));
        Assert.Equal((25, true), (lanes[2].Start, lanes[2].Width is > 0 and < 1));
        Assert.Null(lanes[3].Offset);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, -5)]
    [InlineData(1e9, 1e9)]
    public void No_bar_leaves_the_whole_whatever_an_engines_clock_says(double from, double seconds)
    {
        foreach (var lane in Lanes(Step(1, "a", from, seconds), Step(2, "b", 0, 0), Step(3, "c", -1e9, 3)))
        {
            Assert.InRange(lane.Start, 0, 100);
            Assert.InRange(lane.Start + lane.Width, lane.Start, 100);
        }
    }

    [Fact]
    public void Where_the_nodes_clocks_differ_each_node_begins_at_its_own_zero()
    {
        var build = ReportedBuild.Of(Result(Step(1, "a", 0, 5), Step(2, "b", 3600, 10) with { Node = "n1" }, Step(3, "c", 3605, 5) with { Node = "n1" }));
        var timeline = Timeline.Of(build, 100);
        Assert.True(timeline.IsByNode);
        Assert.Equal(TimeSpan.FromSeconds(10), timeline.Span);
        Assert.Equal([0, 0, 50], timeline.Groups.SelectMany(g => g.Lanes).Select(l => l.Start));

        Assert.False(Timeline.Of(build with { Duration = TimeSpan.FromHours(2) }, 100).IsByNode);
    }

    [Theory]
    [InlineData(0.0, "1ms")]
    [InlineData(0.04, "10ms")]
    [InlineData(8.8, "2s")]
    [InlineData(100, "30s")]
    [InlineData(500, "2m")]
    [InlineData(100_000, "8h")]
    public void Marks_are_round_numbers(double seconds, string first)
    {
        var ticks = Timeline.Of(ReportedBuild.Of(Result(Step(1, "a", 0, seconds))), 100).Ticks;
        Assert.Equal("0", ticks[0].Label);
        Assert.Equal(first, ticks[1].Label);
        Assert.InRange(ticks.Count, 2, 6);
        Assert.All(ticks, t => Assert.InRange(t.At, 0, 100));
    }

    private static List<Lane> Lanes(params BuildStep[] steps)
        => [.. Timeline.Of(ReportedBuild.Of(Result(steps)), 100).Groups.SelectMany(g => g.Lanes)];
}
