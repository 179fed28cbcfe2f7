using BuildxPS.Engine.Progress;
using static BuildxPS.Engine.Tests.Progress.Events;

namespace BuildxPS.Engine.Tests.Progress;

public sealed class PlainProgressTests
{
    private readonly FakeClock _clock = new();
    private readonly PlainProgress _plain;
    private readonly List<string> _output = [];

    public PlainProgressTests() => _plain = new PlainProgress(_clock);

    /// <summary>Feeds events that come together, then lets the display catch up.</summary>
    private void Feed(params BuildEvent[] events)
    {
        foreach (var e in events)
        {
            _output.AddRange(_plain.Handle(e));
        }

        _clock.Advance(0.15);
        _output.AddRange(_plain.Handle(new BuildPulse()));
    }

    private string Finish()
    {
        _output.AddRange(_plain.Finish());
        return string.Join('\n', _output);
    }

    [Fact]
    public void One_step_after_another_reads_as_in_buildx()
    {
        Feed(Started());
        Feed(Vertex("a", "[internal] load build definition from Dockerfile", 0), Moved("a", "transferring dockerfile:", 221, at: 0.002, completed: 0.002), Vertex("a", "[internal] load build definition from Dockerfile", 0, 0.01));
        Feed(Vertex("b", "[1/2] FROM alpine", 1), Moved("b", "sha256:c59a", 1_090_000, 1_090_000, at: 1.05, started: 1, completed: 1.04), Vertex("b", "[1/2] FROM alpine", 1, 1.1));
        Feed(Vertex("c", "[2/2] RUN make", 2), Log("c", "one\n", 2.118), Log("c", "two\n", 13.5), Log("c", "three\n", 102.31));
        Feed(Vertex("c", "[2/2] RUN make", 2, 103.04));
        Feed(Vertex("d", "[cached] COPY x", 104, 104, cached: true));
        Assert.Equal("""
            #0 building with "default" instance using docker driver

            #1 [internal] load build definition from Dockerfile
            #1 transferring dockerfile: 221B done
            #1 DONE 0.0s

            #2 [1/2] FROM alpine
            #2 sha256:c59a 1.09MB / 1.09MB 0.0s done
            #2 DONE 0.1s

            #3 [2/2] RUN make
            #3 0.118 one
            #3 11.50 two
            #3 100.3 three
            #3 DONE 101.0s

            #4 [cached] COPY x
            #4 CACHED
            """, Finish());
    }

    [Fact]
    public void A_running_step_gives_way_to_one_that_ended_and_comes_back()
    {
        Feed(Vertex("a", "first", 0), Log("a", "a1\n", 0.5));
        Feed(Vertex("b", "second", 0, 0.2));
        Feed(Log("a", "a2\n", 0.9));
        Feed(Vertex("a", "first", 0, 1));
        Assert.Equal("""
            #1 first
            #1 0.500 a1
            #1 ...

            #2 second
            #2 DONE 0.2s

            #1 first
            #1 0.900 a2
            #1 DONE 1.0s
            """, Finish());
    }

    [Fact]
    public void A_step_that_waited_ten_seconds_gets_its_turn()
    {
        Feed(Vertex("a", "quiet", 0), Vertex("b", "other", 0));
        for (var i = 1; i <= 110; i++)
        {
            Feed(Log("a", "a\n", i / 10.0), Log("b", "b\n", i / 10.0));
        }

        var text = Finish();
        Assert.StartsWith("#1 quiet\n", text, StringComparison.Ordinal);
        Assert.Contains("\n#1 ...\n\n#2 other\n#2 0.100 b\n#2 0.200 b\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_step_shows_its_last_output_again_at_the_end()
    {
        Feed(Vertex("a", "[2/2] RUN false", 0), Log("a", string.Concat(Enumerable.Range(1, 12).Select(i => $"line {i}\n")), 0.1));
        Feed(Vertex("a", "[2/2] RUN false", 0, 1, error: "exit code: 3"), Vertex("b", "other", 0, 1, error: "context canceled"));
        var text = Finish();
        Assert.Contains("#1 0.100 line 12\n#1 ERROR: exit code: 3\n", text, StringComparison.Ordinal);
        Assert.Contains("#2 other\n#2 CANCELED\n", text, StringComparison.Ordinal);
        Assert.EndsWith("------\n > [2/2] RUN false:\n0.100 line 3\n" + string.Concat(Enumerable.Range(4, 9).Select(i => $"0.100 line {i}\n")) + "------", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_prints_at_first_sight_then_after_five_percent_or_five_seconds()
    {
        Feed(Vertex("a", "x", 0), Moved("a", "layer", 0, 100, at: 0));
        Feed(Moved("a", "layer", 4, 100, at: 1));
        Feed(Moved("a", "layer", 5, 100, at: 2));
        Feed(Moved("a", "layer", 6, 100, at: 3));
        Feed(Moved("a", "layer", 7, 100, at: 7.5));
        Assert.Equal("#1 x\n#1 layer 0B / 100B\n#1 layer 5B / 100B 2.0s\n#1 layer 7B / 100B 7.5s", Finish());
    }

    [Fact]
    public void Output_of_a_build_never_begins_a_line_nor_carries_codes()
    {
        Feed(Vertex("a", "RUN\n##vso[x]", 0));
        Feed(Log("a", "##vso[task.x]y\n::warning::z\n\u001b[2J##[error]\n", 0.1), Log("a", "cut off", 0.2));
        Feed(Vertex("a", "RUN\n##vso[x]", 0, 1, error: "failed\n::error::x\n##vso[y]"));
        var lines = Finish().Split('\n');
        Assert.All(lines, l => Assert.True(l.StartsWith('#') || l.StartsWith("------", StringComparison.Ordinal) || l.StartsWith(" > ", StringComparison.Ordinal) || l.StartsWith("0.", StringComparison.Ordinal), l));
        Assert.All(lines, l => Assert.DoesNotContain("##", l, StringComparison.Ordinal));
        Assert.Contains("#1 0.200 cut off", lines);
        Assert.Contains("#1 ::error::x", lines);
    }

    [Fact]
    public void A_warning_of_a_step_is_printed_with_it()
    {
        Feed(
            Vertex("a", "load", 0),
            Vertex("a", "load", 0, 1),
            new VertexWarning { Warning = new BuildWarning { Message = "FromAsCasing: x", VertexDigest = "a" } });
        Assert.Equal("#1 load\n#1 WARN: FromAsCasing: x\n#1 DONE 1.0s", Finish());
    }

    [Fact]
    public void Steps_that_start_without_a_word_show_when_nothing_else_happens()
    {
        Feed(Vertex("a", "quick", 0, 1), Vertex("b", "sleeping", 0));
        Assert.Equal("#1 quick\n#1 DONE 1.0s\n\n#2 sleeping", Finish());
    }

    [Fact]
    public void A_flood_of_lines_is_bounded_while_it_waits()
    {
        Feed(Vertex("a", "flood", 0));
        var flood = string.Concat(Enumerable.Repeat("x\n", 60_000));
        _output.AddRange(_plain.Handle(Log("a", flood, 0.1)));
        Assert.Contains("#1 [10000 lines left out: they came faster than they could be shown]", Finish(), StringComparison.Ordinal);
    }
}
