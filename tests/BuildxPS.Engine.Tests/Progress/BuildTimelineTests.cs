using BuildxPS.Engine.Progress;
using static BuildxPS.Engine.Tests.Progress.Events;

namespace BuildxPS.Engine.Tests.Progress;

public sealed class BuildTimelineTests
{
    private readonly BuildTimeline _timeline = new();

    private IReadOnlyList<BuildStep> Fold(params BuildEvent[] events)
    {
        foreach (var e in events)
        {
            _timeline.Handle(e);
        }

        return _timeline.Steps;
    }

    [Fact]
    public void A_step_runs_from_announced_to_completed()
    {
        Assert.Equal(BuildStepStatus.Pending, Assert.Single(Fold(Vertex("a", "[1/2] RUN x"))).Status);
        Assert.Equal(BuildStepStatus.Running, Assert.Single(Fold(Vertex("a", "[1/2] RUN x", 1))).Status);
        var step = Assert.Single(Fold(Vertex("a", "[1/2] RUN x", 1, 3)));
        Assert.Equal((BuildStepStatus.Completed, TimeSpan.FromSeconds(2), 1), (step.Status, step.Duration, step.Number));
        Assert.Equal((At(1), At(3)), (step.Started, step.Completed));
    }

    [Theory]
    [InlineData(true, null, BuildStepStatus.Cached)]
    [InlineData(false, "exit code: 1", BuildStepStatus.Failed)]
    [InlineData(false, "process \"x\" did not complete: context canceled", BuildStepStatus.Canceled)]
    public void The_end_says_how_it_stands(bool cached, string? error, BuildStepStatus expected)
        => Assert.Equal(expected, Assert.Single(Fold(Vertex("a", "x", 1, 2, cached, error))).Status);

    [Fact]
    public void Runs_that_overlap_count_once_and_gaps_do_not()
    {
        var step = Assert.Single(Fold(Vertex("a", "x", 0, 2), Vertex("a", "x", 1, 4), Vertex("a", "x", 10, 11), Vertex("a", "x", 10.5, 10.7)));
        Assert.Equal(TimeSpan.FromSeconds(5), step.Duration);
        Assert.Equal((At(0), At(11)), (step.Started, step.Completed));
    }

    [Fact]
    public void A_step_that_starts_again_runs_again()
        => Assert.Equal(BuildStepStatus.Running, Assert.Single(Fold(Vertex("a", "x", 0, 2), Vertex("a", "x", 3))).Status);

    [Fact]
    public void A_late_announcement_does_not_undo_a_start()
        => Assert.Equal(BuildStepStatus.Cached, Assert.Single(Fold(Vertex("a", "x", 0, 2, cached: true), Vertex("a", "x"))).Status);

    [Fact]
    public void A_group_is_one_step_that_is_cached_if_all_its_members_are()
    {
        var group = new VertexGroup { Id = "g", Name = "the group" };
        var step = Assert.Single(Fold(
            Vertex("a", "x", 0, 1, cached: true, group: group),
            Vertex("b", "y", 2, 4, cached: true, group: group)));
        Assert.Equal(("the group", BuildStepStatus.Cached, TimeSpan.FromSeconds(3)), (step.Name, step.Status, step.Duration));
        step = Assert.Single(Fold(Vertex("c", "z", 4, 5, group: group)));
        Assert.Equal((BuildStepStatus.Completed, TimeSpan.FromSeconds(4)), (step.Status, step.Duration));
    }

    [Fact]
    public void A_group_of_weak_members_shows_when_another_starts()
    {
        var weak = new VertexGroup { Id = "g", Name = "the group", Weak = true };
        Assert.Empty(Fold(Vertex("a", "x", 0, 1, group: weak)));
        Assert.Single(Fold(Vertex("b", "y", 2, 4, group: weak with { Weak = false })));
    }

    [Fact]
    public void Bytes_add_up_over_what_moved_and_never_overflow()
    {
        var step = Assert.Single(Fold(Vertex("a", "x", 0), Moved("a", "one", 5), Moved("a", "one", 7), Moved("a", "two", 3), Moved("a", "bad", -9)));
        Assert.Equal(10, step.Bytes);
        Assert.Equal(long.MaxValue, Assert.Single(Fold(Moved("a", "huge", long.MaxValue))).Bytes);
    }

    [Fact]
    public void Names_and_errors_are_harmless()
    {
        var step = Assert.Single(Fold(Vertex("a", "x\u001b[2J\ny", 0, 1, error: "a\u001b]0;t\u0007\n##vso[x]")));
        Assert.Equal(("x y", "a\n# #vso[x]"), (step.Name, step.Error));
    }

    [Fact]
    public void News_of_unknown_vertices_are_left_out()
        => Assert.Empty(Fold(Moved("a", "x", 1), Log("a", "text")));

    [Fact]
    public void Steps_follow_those_whose_results_they_use()
    {
        var steps = Fold(
            Vertex("internal", "[internal] load build definition"),
            Vertex("copy", "[files 1/1] COPY --from=build") with { Inputs = ["run"] },
            Vertex("run", "[build 2/2] RUN") with { Inputs = ["from", "unknown"] },
            Vertex("from", "[build 1/2] FROM"));
        Assert.Equal(["internal", "from", "run", "copy"], steps.Select(s => s.Digest));
        Assert.Equal([1, 2, 3, 4], steps.Select(s => s.Number));
    }

    [Fact]
    public void Inputs_that_go_round_in_circles_do_not_trap()
        => Assert.Equal(
            ["b", "a"],
            Fold(Vertex("a", "x") with { Inputs = ["b", "a"] }, Vertex("b", "y") with { Inputs = ["a"] }).Select(s => s.Digest));
}
