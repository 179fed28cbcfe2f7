using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Progress;
using BuildxPS.Engine.Protocol;
using BuildxPS.Engine.Tests.Progress;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

public sealed class StatusTranslationTests
{
    private const string Digest = "sha256:1";

    [Fact]
    public void What_a_step_said_comes_before_its_end_in_the_same_message()
    {
        var status = new StatusResponse();
        status.Vertexes.Add(Silent());
        status.Vertexes.Add(Step(started: 1));
        status.Vertexes.Add(Step(started: 1, completed: 2, error: "it broke"));
        status.Vertexes.Add(Step(started: 1, completed: 2, error: "it broke"));
        status.Statuses.Add(new VertexStatus { Vertex = Digest, Id = "t", Timestamp = At(1) });
        status.Logs.Add(Said("said\n"));

        var events = new StatusTranslation().Translate(status);

        string[] open = ["sha256:silent runs", "sha256:1 runs", "sha256:1 runs", "sha256:1 runs"];
        Assert.Equal([.. open, "t", "log", "sha256:silent ended", "sha256:1 ended", "sha256:1 ended"], events.Select(Name));
        Assert.Equal([null, null, null, null, null, "it broke", "it broke"], events.OfType<VertexChanged>().Select(v => v.Error));
    }

    [Fact]
    public void Ends_that_nothing_else_comes_with_are_told_in_their_place()
    {
        var status = new StatusResponse();
        status.Vertexes.Add(Silent());
        status.Vertexes.Add(Step(started: 1));
        status.Logs.Add(Said("said\n"));

        Assert.Equal(["sha256:silent ended", "sha256:1 runs", "log"], new StatusTranslation().Translate(status).Select(Name));
    }

    [Fact]
    public void A_run_that_has_ended_does_not_begin_again_by_what_is_said_late()
    {
        var first = new StatusResponse();
        first.Vertexes.Add(Step(started: 1, completed: 2));
        var late = new StatusResponse(first);
        late.Logs.Add(Said("late\n"));
        var translation = new StatusTranslation();
        translation.Translate(first);

        Assert.Equal(["sha256:1 ended", "log"], translation.Translate(late).Select(Name));
    }

    [Fact]
    public void A_run_that_another_one_follows_ends_before_that_one_begins()
    {
        var status = new StatusResponse();
        status.Vertexes.Add(Step(started: 1, completed: 2));
        status.Vertexes.Add(Step(started: 3));
        status.Logs.Add(Said("said\n"));

        Assert.Equal(["sha256:1 ended", "sha256:1 runs", "log"], new StatusTranslation().Translate(status).Select(Name));
    }

    [Fact]
    public void A_step_that_speaks_and_ends_in_one_message_is_headed_once()
    {
        var status = new StatusResponse();
        status.Vertexes.Add(Step(started: 1, completed: 2));
        status.Logs.Add(Said("said\n"));
        var clock = new FakeClock();
        var plain = new PlainProgress(clock);
        var lines = new List<string>();
        foreach (var e in new StatusTranslation().Translate(status))
        {
            clock.Advance(0.15);
            lines.AddRange(plain.Handle(e));
        }

        lines.AddRange(plain.Finish());

        Assert.Single(lines, l => l == "#1 RUN make");
        Assert.Single(lines, l => l.StartsWith("#1 DONE", StringComparison.Ordinal));
    }

    private static string Name(BuildEvent e) => e switch
    {
        VertexChanged vertex => vertex.Digest + (vertex.Completed is null ? " runs" : " ended"),
        VertexProgress progress => progress.Id,
        _ => "log",
    };

    private static Vertex Step(int started, int? completed = null, string error = "") => new()
    {
        Digest = Digest,
        Name = "RUN make",
        Started = At(started),
        Completed = completed is { } c ? At(c) : null,
        Error = error,
    };

    private static Vertex Silent() => new() { Digest = "sha256:silent", Name = "silent", Started = At(1), Completed = At(2) };

    private static VertexLogChunk Said(string text) => new() { Vertex = Digest, Stream = 1, Msg = ByteString.CopyFromUtf8(text), Timestamp = At(1) };

    private static Timestamp At(int seconds) => new() { Seconds = 1_700_000_000 + seconds };
}
