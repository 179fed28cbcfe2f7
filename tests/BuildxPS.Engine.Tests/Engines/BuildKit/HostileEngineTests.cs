using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Protocol;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Tests.Sessions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Gateway = BuildxPS.Engine.Protocol.Gateway;
using Solver = BuildxPS.Engine.Protocol.Solver;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

public sealed class HostileEngineTests
{
    private const string Control = "/moby.buildkit.v1.Control/";
    private const string Bridge = "/moby.buildkit.v1.frontend.LLBBridge/";

    [Fact]
    public async Task Malformed_status_is_cut_or_left_out()
    {
        var status = new StatusResponse();
        status.Vertexes.Add(new Vertex { Digest = "", Name = "no digest" });
        status.Vertexes.Add(new Vertex { Digest = new string('d', 100_000), Name = "endless digest" });
        status.Vertexes.Add(new Vertex { Digest = "sha256:\u001b[2J", Name = "escape in digest" });
        status.Vertexes.Add(new Vertex
        {
            Digest = "sha256:1",
            Name = "\u001b]0;x\u0007" + new string('n', 1_000_000),
            Started = new Timestamp { Seconds = long.MaxValue, Nanos = -1 },
            Completed = new Timestamp { Seconds = 1, Nanos = int.MaxValue },
        });
        status.Statuses.Add(new VertexStatus { Vertex = "sha256:1", Id = "t", Current = -5, Total = long.MinValue });
        status.Logs.Add(new VertexLogChunk { Vertex = "sha256:1", Stream = 99, Msg = ByteString.CopyFrom(new byte[1_000_000]) });
        var warning = new VertexNotice { Short = ByteString.CopyFrom(0xFF, 0x1B, 0x41), Url = "file:///etc/passwd", Info = new Solver.SourceInfo { Filename = "D", Data = ByteString.CopyFromUtf8("a\nb") } };
        warning.Ranges.Add(new Solver.Range { Start = new Solver.Position { Line = -1 } });
        warning.Ranges.Add(new Solver.Range { Start = new Solver.Position { Line = 2 }, End = new Solver.Position { Line = int.MaxValue } });
        status.Warnings.Add(warning);
        await using var engine = Fake(Solving(), new FakeMethod(Control + "Status", call => FakeMethod.SendAsync(call, status)));

        await using var running = await StartAsync(engine);
        var events = await RealEngine.CollectAsync(running).WaitAsync(RealEngine.Guard);

        var vertex = Assert.Single(events.OfType<VertexChanged>());
        Assert.Null(vertex.Started);
        Assert.Null(vertex.Completed);
        Assert.True(vertex.Name.Length < 10_000);
        Assert.StartsWith("nnn", vertex.Name, StringComparison.Ordinal);
        var progress = Assert.Single(events.OfType<VertexProgress>());
        Assert.Equal((0, 0), (progress.Current, progress.Total));
        Assert.Equal(1, Assert.Single(events.OfType<VertexLog>()).Stream);
        var shown = Assert.Single(events.OfType<VertexWarning>()).Warning;
        Assert.Null(shown.Url);
        Assert.Contains(">>> b", shown.Source!.Render(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_status_of_a_million_empty_entries_ends_the_events_and_not_the_build()
    {
        var status = new StatusResponse();
        status.Vertexes.Add(Enumerable.Repeat(new Vertex(), 1_000_000));
        var returned = false;
        await using var engine = Fake(
            Solving(new SolveResponse { ExporterResponse = { ["k"] = "v" } }, () => returned),
            new FakeMethod(Control + "Status", call => FakeMethod.SendAsync(call, status)),
            Answering(Bridge + "Solve", new Gateway.SolveResponse { Result = new Gateway.Result() }),
            new FakeMethod(Bridge + "Return", call =>
            {
                returned = true;
                return FakeMethod.SendAsync(call, new Gateway.ReturnResponse());
            }));

        await using var running = await StartAsync(engine);
        Assert.Empty(await RealEngine.CollectAsync(running).WaitAsync(RealEngine.Guard));
        var result = await running.SolveAsync(RealEngine.Dockerfile(), default).WaitAsync(RealEngine.Guard);
        var response = await running.ExportAsync(result, default).WaitAsync(RealEngine.Guard);

        Assert.Equal("v", response["k"]);
    }

    [Fact]
    public async Task An_endless_status_that_nobody_reads_does_not_grow()
    {
        var sent = 0;
        var blocked = new TaskCompletionSource();
        var status = new StatusResponse { Logs = { new VertexLogChunk { Vertex = "sha256:1", Msg = ByteString.CopyFrom(new byte[100_000]) } } };
        await using var engine = Fake(Hanging(Control + "Solve"), new FakeMethod(Control + "Status", async call =>
        {
            for (; ; sent++)
            {
                var send = FakeMethod.SendAsync(call, status);
                if (await Task.WhenAny(send, Task.Delay(2000)) != send)
                {
                    blocked.TrySetResult();
                }

                await send;
            }
        }));

        await using var running = await StartAsync(engine);
        await blocked.Task.WaitAsync(RealEngine.Guard);

        Assert.InRange(sent, 32, 1000);
    }

    [Fact]
    public async Task Bytes_that_were_not_asked_for_are_refused()
    {
        await using var engine = Fake(
            Hanging(Control + "Solve"),
            Hanging(Control + "Status"),
            Answering(Bridge + "Solve", new Gateway.SolveResponse { Result = new Gateway.Result { Ref = new Gateway.Ref { Id = "r" } } }),
            Answering(Bridge + "ReadFile", new Gateway.ReadFileResponse { Data = ByteString.CopyFrom(new byte[11]) }));
        await using var running = await StartAsync(engine);
        var result = await running.SolveAsync(RealEngine.Dockerfile(), default).WaitAsync(RealEngine.Guard);

        var error = await Assert.ThrowsAsync<BuildxException>(() => running.ReadFileAsync(result, null, "/f", 10, default).WaitAsync(RealEngine.Guard));

        Assert.Equal(BuildxFailure.ProtocolViolation, error.Failure);
    }

    [Fact]
    public async Task A_result_goes_back_with_what_is_not_known_of_it()
    {
        // Field 12 (attestations) with bytes that are not even read here.
        byte[] wire = [0x1A, 0x03, 0x0A, 0x01, 0x72, 0x62, 0x02, 0x01, 0x02];
        byte[]? returned = null;
        await using var engine = Fake(
            Solving(after: () => returned is not null),
            Hanging(Control + "Status"),
            Answering(Bridge + "Solve", new Gateway.SolveResponse { Result = Gateway.Result.Parser.ParseFrom(wire) }),
            new FakeMethod(Bridge + "Return", async call =>
            {
                var request = await GrpcMessage.ReadSingleAsync(call.Request, call.Aborted);
                await FakeMethod.SendAsync(call, new Gateway.ReturnResponse());
                returned = request;
            }));
        await using var running = await StartAsync(engine);

        var result = await running.SolveAsync(RealEngine.Dockerfile(), default).WaitAsync(RealEngine.Guard);
        await running.ExportAsync(result, default).WaitAsync(RealEngine.Guard);

        Assert.Equal([0x0A, (byte)wire.Length, .. wire], returned);
    }

    [Fact]
    public async Task A_connection_that_breaks_in_the_middle_is_told_as_a_lost_engine()
    {
        var (connector, engine) = FakeWithConnector(Hanging(Control + "Solve"), Hanging(Control + "Status"), Hanging(Bridge + "Solve"));
        await using var running = await StartAsync(engine);
        var solve = running.SolveAsync(RealEngine.Dockerfile(), default);

        connector.Break();

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => solve.WaitAsync(RealEngine.Guard));
        Assert.Equal(BuildxFailure.EngineLost, error.Failure);
        await engine.DisposeAsync();
    }

    [Fact]
    public async Task An_engine_that_answers_nothing_can_be_left()
    {
        await using var engine = Fake(Hanging(Control + "Solve"), Hanging(Control + "Status"), Hanging(Bridge + "Solve"));
        using var cancel = new CancellationTokenSource();
        var running = await engine.StartAsync(new EngineBuild { Ref = "r" }, new BuildServices(), cancel.Token).WaitAsync(RealEngine.Guard);
        var solve = running.SolveAsync(RealEngine.Dockerfile(), default);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => solve.WaitAsync(RealEngine.Guard));
        await running.DisposeAsync().AsTask().WaitAsync(RealEngine.Guard);
    }

    [Fact]
    public async Task A_build_that_ends_before_it_was_told_to_is_a_failure()
    {
        await using var engine = Fake(Solving(), Hanging(Control + "Status"), Hanging(Bridge + "Solve"));
        await using var running = await StartAsync(engine);

        var error = await Assert.ThrowsAsync<BuildFailedException>(
            () => running.SolveAsync(RealEngine.Dockerfile(), default).WaitAsync(RealEngine.Guard));

        Assert.Equal(BuildxFailure.ProtocolViolation, error.Failure);
    }

    [Fact]
    public async Task What_is_no_engine_is_told()
    {
        await using var engine = new BuildKitEngine(new FakeConnector(async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
            await stream.DisposeAsync();
        }), null, "tcp://web:80");

        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => engine.DescribeAsync(default).WaitAsync(RealEngine.Guard));

        Assert.Contains("tcp://web:80", error.Message, StringComparison.Ordinal);
        Assert.True(error.Failure is BuildxFailure.ProtocolViolation or BuildxFailure.EngineLost, error.ToString());
    }

    private static Task<IRunningBuild> StartAsync(BuildKitEngine engine)
        => engine.StartAsync(new EngineBuild { Ref = "r" }, new BuildServices(), CancellationToken.None).WaitAsync(RealEngine.Guard);

    private static FakeMethod Hanging(string path) => new(path, FakeMethod.HangAsync);

    private static FakeMethod Answering(string path, IMessage answer) => new(path, call => FakeMethod.SendAsync(call, answer));

    private static FakeMethod Solving(SolveResponse? response = null, Func<bool>? after = null) => new(Control + "Solve", async call =>
    {
        while (after is not null && !after())
        {
            await Task.Delay(10, call.Aborted);
        }

        await FakeMethod.SendAsync(call, response ?? new SolveResponse());
    });

    private static BuildKitEngine Fake(params ISessionMethod[] methods) => FakeWithConnector(methods).Engine;

    private static (FakeConnector Connector, BuildKitEngine Engine) FakeWithConnector(params ISessionMethod[] methods)
    {
        var session = Hanging(Control + "Session");
        var connector = new FakeConnector(stream => SessionServer.StartAsync(stream, [.. methods, session], default));
        return (connector, new BuildKitEngine(connector, null, "fake://engine"));
    }

    /// <summary>Leads to a fake engine in this process.</summary>
    private sealed class FakeConnector(Func<Stream, Task> serve) : IConnector
    {
        private Stream? _theirs;

        public string Address => "fake://engine";

        public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
        {
            var (ours, theirs) = await StreamPair.CreateAsync();
            _theirs = theirs;
            await serve(theirs);
            return ours;
        }

        public void Break() => _theirs!.Dispose();
    }
}
