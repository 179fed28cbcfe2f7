using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Sessions;
using Grpc.Core;
using Grpc.Net.Client;

namespace BuildxPS.Engine.Tests.Sessions;

public sealed class SessionServerTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Health_is_answered()
    {
        await using var session = await FakeCaller.StartAsync();

        using var call = session.Call("/grpc.health.v1.Health/Check");
        Assert.True(await call.ResponseStream.MoveNext(default).WaitAsync(s_guard));
        Assert.False(await call.ResponseStream.MoveNext(default).WaitAsync(s_guard));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task An_unknown_method_is_refused()
        => Assert.Equal(StatusCode.Unimplemented, (await FailAsync("/x.Y/Z")).StatusCode);

    [Fact]
    public async Task A_status_keeps_its_code_and_its_text()
    {
        var status = await FailAsync("/a.B/C", new FakeMethod("/a.B/C", _ => throw new SessionStatusException(StatusCode.NotFound, "100 % of Größe\nmissing")));

        Assert.Equal(StatusCode.NotFound, status.StatusCode);
        Assert.Equal("100 % of Größe\nmissing", status.Detail);
    }

    [Fact]
    public async Task Method_names_are_found_in_any_case()
        => Assert.Equal(StatusCode.NotFound, (await FailAsync("/a.b/diffcopy", new FakeMethod("/a.B/DiffCopy", _ => throw new SessionStatusException(StatusCode.NotFound, "")))).StatusCode);

    [Fact]
    public async Task An_unexpected_failure_tells_the_engine_nothing_and_is_kept()
    {
        var failure = new UnauthorizedAccessException("/home/somebody/secret");
        await using var session = await FakeCaller.StartAsync(new FakeMethod("/a.B/C", _ => throw failure));

        var status = await session.FailAsync("/a.B/C");

        Assert.Equal(StatusCode.Internal, status.StatusCode);
        Assert.DoesNotContain("secret", status.Detail, StringComparison.Ordinal);
        Assert.Same(failure, session.Server.FirstFailure);
    }

    [Fact]
    public async Task The_first_failure_is_kept_also_behind_a_status()
    {
        var failure = new BuildxException(BuildxFailure.DestinationNotWritable, "cannot write", "Make room.");
        await using var session = await FakeCaller.StartAsync(
            new FakeMethod("/a.B/C", _ => throw new SessionStatusException(StatusCode.Unknown, "x", failure)),
            new FakeMethod("/a.B/D", _ => throw new BuildxException(BuildxFailure.DiskFull, "later", "")));

        await session.FailAsync("/a.B/C");
        await session.FailAsync("/a.B/D");

        Assert.Same(failure, session.Server.FirstFailure);
    }

    [Fact]
    public async Task Many_and_long_headers_arrive()
    {
        var count = 0;
        var longest = 0;
        await using var session = await FakeCaller.StartAsync(new FakeMethod("/a.B/C", call =>
        {
            count = call.Headers.Count(h => h.Key.StartsWith("pattern-", StringComparison.Ordinal));
            longest = call.Header("long").Single().Length;
            return Task.CompletedTask;
        }));
        var headers = new Metadata { { "long", new string('x', 200_000) } };
        for (var i = 0; i < 5000; i++)
        {
            headers.Add($"pattern-{i}", "%20+x");
        }

        using var call = session.Call("/a.B/C", headers);
        await call.ResponseStream.MoveNext(default).WaitAsync(s_guard);

        Assert.Equal(5000, count);
        Assert.Equal(200_000, longest);
    }

    [Fact]
    public async Task The_session_ends_when_the_tunnel_ends_and_its_calls_with_it()
    {
        var aborted = new TaskCompletionSource();
        await using var session = await FakeCaller.StartAsync(new FakeMethod("/a.B/C", async call =>
        {
            call.Aborted.Register(aborted.SetResult);
            await FakeMethod.HangAsync(call);
        }));
        using var call = session.Call("/a.B/C");
        await call.RequestStream.WriteAsync(TunnelChunk.ForWriting(new byte[1]), default).WaitAsync(s_guard);

        session.Drop();

        await session.Server.Completion.WaitAsync(s_guard);
        await aborted.Task.WaitAsync(s_guard);
    }

    [Fact]
    public async Task Disposing_does_not_wait_for_a_method_that_never_ends()
    {
        var entered = new TaskCompletionSource();
        var session = await FakeCaller.StartAsync(new FakeMethod("/a.B/C", _ =>
        {
            entered.TrySetResult();
            return new TaskCompletionSource().Task;
        }));
        using var call = session.Call("/a.B/C");
        await entered.Task.WaitAsync(s_guard);

        await session.Server.DisposeAsync().AsTask().WaitAsync(s_guard);

        await session.Server.Completion.WaitAsync(s_guard);
        await session.DisposeAsync();
    }

    [Fact]
    public async Task Health_is_answered_while_nobody_takes_what_many_calls_send()
    {
        await using var session = await FakeCaller.StartAsync(new FakeMethod("/a.B/C", FakeMethod.HangAsync));
        var calls = Enumerable.Range(0, 12).Select(_ => session.Call("/a.B/C")).ToList();
        try
        {
            await Task.WhenAll(calls.Select(SendUntilItWaitsAsync)).WaitAsync(s_guard);
            // Nothing is written: the answer does not wait for it, and would end the writing.
            using var health = session.Call("/grpc.health.v1.Health/Check");
            Assert.True(await health.ResponseStream.MoveNext(default).WaitAsync(s_guard));
        }
        finally
        {
            calls.ForEach(c => c.Dispose());
        }
    }

    private static async Task SendUntilItWaitsAsync(AsyncDuplexStreamingCall<TunnelChunk, TunnelChunk> call)
    {
        Task write;
        do
        {
            write = call.RequestStream.WriteAsync(TunnelChunk.ForWriting(new byte[64 * 1024]));
        }
        while (await Task.WhenAny(write, Task.Delay(500)) == write);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_tunnel_ended_of_is_known(bool byTheEngine)
    {
        await using var session = await FakeCaller.StartAsync();
        using var call = session.Call("/grpc.health.v1.Health/Check");
        await call.ResponseStream.MoveNext(default).WaitAsync(s_guard);

        if (byTheEngine)
        {
            session.Drop();
        }
        else
        {
            await session.Server.DisposeAsync();
        }

        Assert.Equal(byTheEngine, await session.Server.Completion.WaitAsync(s_guard) is not null);
    }

    [Fact]
    public async Task Bytes_that_are_no_session_end_the_tunnel_with_a_reason()
    {
        var (ours, theirs) = await StreamPair.CreateAsync();
        await using var server = await SessionServer.StartAsync(ours, [], default);

        // More than a request's first line may have, in case it is one.
        await theirs.WriteAsync(new byte[10_000]);

        Assert.NotEmpty((await server.Completion.WaitAsync(s_guard))!.Message);
        await theirs.DisposeAsync();
    }

    private static async Task<Status> FailAsync(string method, params ISessionMethod[] methods)
    {
        await using var session = await FakeCaller.StartAsync(methods);
        return await session.FailAsync(method);
    }

    /// <summary>Calls the session as an engine would.</summary>
    private sealed class FakeCaller : IAsyncDisposable
    {
        private readonly GrpcChannel _channel;
        private readonly Stream _stream;

        private FakeCaller(SessionServer server, Stream stream)
        {
            Server = server;
            _stream = stream;
            _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
            {
                HttpHandler = new SocketsHttpHandler { ConnectCallback = (_, _) => ValueTask.FromResult(stream) },
                DisposeHttpClient = true,
            });
        }

        public SessionServer Server { get; }

        public static async Task<FakeCaller> StartAsync(params ISessionMethod[] methods)
        {
            var (ours, theirs) = await StreamPair.CreateAsync();
            return new FakeCaller(await SessionServer.StartAsync(ours, methods, default), theirs);
        }

        public AsyncDuplexStreamingCall<TunnelChunk, TunnelChunk> Call(string path, Metadata? headers = null)
        {
            var parts = path.Split('/');
            var method = new Method<TunnelChunk, TunnelChunk>(
                MethodType.DuplexStreaming, parts[1], parts[2], ControlMethods.Session.RequestMarshaller,
                Marshallers.Create(_ => [], bytes => TunnelChunk.ForWriting(bytes)));
            return _channel.CreateCallInvoker().AsyncDuplexStreamingCall(method, null, new CallOptions(headers));
        }

        public async Task<Status> FailAsync(string path)
        {
            using var call = Call(path);
            return (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(default).WaitAsync(s_guard))).Status;
        }

        public void Drop() => _stream.Dispose();

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            _channel.Dispose();
        }
    }
}
