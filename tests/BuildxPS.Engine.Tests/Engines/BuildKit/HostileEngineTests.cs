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
                if (await Task.WhenAny(send, Task.Delay(6000)) != send)
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
    public async Task An_engine_that_drops_the_session_and_hangs_is_lost()
    {
        var silence = new EngineSilence { Quiet = TimeSpan.FromMilliseconds(200), WithoutSession = TimeSpan.FromMilliseconds(100) };
        var sessions = new FakeSessions(stream => stream.DisposeAsync().AsTask());
        await using var engine = Fake(silence, sessions, Alive(), Hanging(Control + "Solve"), Hanging(Control + "Status"), Hanging(Bridge + "Solve"));
        await using var running = await StartAsync(engine);

        var error = await Assert.ThrowsAsync<BuildFailedException>(
            () => running.SolveAsync(RealEngine.Dockerfile(), default).WaitAsync(RealEngine.Guard));

        Assert.Equal((BuildxFailure.EngineLost, true), (error.Failure, error.IsTransient));
        Assert.Contains("session with the engine at fake://engine ended", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.BuildRef);
    }

    [Theory]
    [InlineData("", BuildxFailure.EngineLost)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", BuildxFailure.EngineLost)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\u0004\u0004\0\0\0\0\0\0", BuildxFailure.EngineLost)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", BuildxFailure.ProtocolViolation)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u007f\u007f\u007f\u0001\u0001\u0001\u0001\u0001\u0001 and a frame that is much too large", BuildxFailure.ProtocolViolation)]
    public async Task A_tunnel_of_garbage_or_cut_in_a_frame_ends_the_build(string bytes, BuildxFailure failure)
    {
        var silence = new EngineSilence { Quiet = TimeSpan.FromMilliseconds(200), WithoutSession = TimeSpan.FromMilliseconds(100) };
        var sessions = new FakeSessions(async stream =>
        {
            await stream.WriteAsync(System.Text.Encoding.Latin1.GetBytes(bytes));
            if (failure == BuildxFailure.EngineLost)
            {
                await stream.DisposeAsync();
            }
        });
        await using var engine = Fake(silence, sessions, Alive(), Hanging(Control + "Solve"), Hanging(Control + "Status"), Hanging(Bridge + "Solve"));
        await using var running = await StartAsync(engine);

        var error = await Assert.ThrowsAsync<BuildFailedException>(
            () => running.SolveAsync(RealEngine.Dockerfile(), default).WaitAsync(RealEngine.Guard));

        Assert.Equal((failure, failure == BuildxFailure.EngineLost), (error.Failure, error.IsTransient));
        Assert.Contains("seen here: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, "no active session for x: context deadline exceeded", BuildxFailure.EngineLost)]
    [InlineData(1, "failed to solve: grpc: the client connection is closing", BuildxFailure.EngineLost)]
    [InlineData(14, "error reading from server: EOF", BuildxFailure.EngineLost)]
    [InlineData(4, "failed to do request: Head \"https://reg/v2/\": context deadline exceeded", BuildxFailure.TimedOut)]
    [InlineData(1, "context canceled", BuildxFailure.BuildCanceled)]
    [InlineData(14, "gone", BuildxFailure.EngineLost)]
    public async Task What_an_engine_says_reaches_the_user_whatever_its_code_is(int code, string text, BuildxFailure failure)
    {
        var refuses = new FakeMethod(Control + "Solve", _ => throw new SessionStatusException((Grpc.Core.StatusCode)code, text));
        await using var engine = Fake(refuses, Hanging(Control + "Status"), Hanging(Bridge + "Solve"));
        await using var running = await StartAsync(engine);

        var error = await Assert.ThrowsAsync<BuildFailedException>(
            () => running.SolveAsync(RealEngine.Dockerfile(), default).WaitAsync(RealEngine.Guard));

        Assert.Equal(failure, error.Failure);
        Assert.Contains(text.Replace("failed to solve: ", "", StringComparison.Ordinal), error.Message, StringComparison.Ordinal);
        Assert.Contains("fake://engine", error.Message, StringComparison.Ordinal);
        Assert.Equal(failure != BuildxFailure.BuildCanceled, error.IsTransient);
    }

    [Fact]
    public async Task An_engine_that_takes_connections_and_says_nothing_is_told_in_time()
    {
        await using var engine = new BuildKitEngine(new FakeConnector(_ => Task.CompletedTask), null, "fake://engine", new EngineSilence { Start = TimeSpan.FromMilliseconds(300) });

        var described = await Assert.ThrowsAnyAsync<BuildxException>(() => engine.DescribeAsync(default).WaitAsync(RealEngine.Guard));
        var identified = await Assert.ThrowsAnyAsync<BuildxException>(() => engine.IdentifyAsync(default).WaitAsync(RealEngine.Guard));

        foreach (var error in (BuildxException[])[described, identified])
        {
            Assert.Equal((BuildxFailure.TimedOut, true), (error.Failure, error.IsTransient));
            Assert.Contains("fake://engine", error.Message, StringComparison.Ordinal);
            Assert.NotEmpty(error.Advice);
        }
    }

    [Fact]
    public async Task An_engine_that_takes_no_more_calls_is_told_in_time()
    {
        // SETTINGS: MAX_CONCURRENT_STREAMS = 1, which the session takes, and nothing more.
        byte[] settings = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1];
        var connector = new FakeConnector(stream => stream.WriteAsync(settings).AsTask());
        var silence = new EngineSilence { Start = TimeSpan.FromSeconds(3), Session = TimeSpan.FromMilliseconds(500) };
        await using var engine = new BuildKitEngine(connector, null, "fake://engine", silence);

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => StartAsync(engine));

        Assert.Equal((BuildxFailure.TimedOut, true), (error.Failure, error.IsTransient));
        Assert.Contains("fake://engine", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_build_is_not_started_before_its_session_is_there()
    {
        var order = new List<string>();
        var sessions = new FakeSessions(stream =>
        {
            _ = Task.Run(async () =>
            {
                // An engine on a busy machine.
                await Task.Delay(300);
                order.Add("session");
                await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray());
            });
            return Task.CompletedTask;
        });
        var solving = new TaskCompletionSource();
        var solve = new FakeMethod(Control + "Solve", call =>
        {
            order.Add("build");
            solving.TrySetResult();
            return FakeMethod.HangAsync(call);
        });
        await using var engine = Fake(new EngineSilence { Session = RealEngine.Guard }, sessions, solve, Hanging(Control + "Status"));

        await using var running = await StartAsync(engine);
        await solving.Task.WaitAsync(RealEngine.Guard);

        Assert.Equal(["session", "build"], order);
    }

    [Fact]
    public async Task A_start_that_is_cancelled_is_no_failure()
    {
        await using var engine = new BuildKitEngine(new FakeConnector(_ => Task.CompletedTask), null, "fake://engine");
        using var cancel = new CancellationTokenSource(100);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.DescribeAsync(cancel.Token).WaitAsync(RealEngine.Guard));
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

    private static FakeMethod Alive() => Answering(Control + "Info", new InfoResponse());

    private static BuildKitEngine Fake(params ISessionMethod[] methods) => FakeWithConnector(methods).Engine;

    private static BuildKitEngine Fake(EngineSilence silence, ISessionTransport sessions, params ISessionMethod[] methods)
        => new(new FakeConnector(stream => SessionServer.StartAsync(stream, methods, default)), sessions, "fake://engine", silence);

    private static (FakeConnector Connector, BuildKitEngine Engine) FakeWithConnector(params ISessionMethod[] methods)
    {
        var session = Hanging(Control + "Session");
        var connector = new FakeConnector(stream => SessionServer.StartAsync(stream, [.. methods, session], default));
        return (connector, new BuildKitEngine(connector, null, "fake://engine", new EngineSilence { Session = TimeSpan.FromMilliseconds(10) }));
    }

    /// <summary>Opens tunnels to a fake engine in this process.</summary>
    private sealed class FakeSessions(Func<Stream, Task> call) : ISessionTransport
    {
        public async ValueTask<Stream> OpenAsync(IReadOnlyList<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
        {
            var (ours, theirs) = await StreamPair.CreateAsync();
            await call(theirs);
            return ours;
        }
    }
}
