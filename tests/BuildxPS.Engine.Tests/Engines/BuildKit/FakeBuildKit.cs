using System.Net.Sockets;
using BuildxPS.Engine.Protocol;
using BuildxPS.Engine.Sessions;
using BuildxPS.Engine.Tests.Sessions;
using Google.Protobuf;
using Grpc.Core;
using Gateway = BuildxPS.Engine.Protocol.Gateway;
using Solver = BuildxPS.Engine.Protocol.Solver;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>
/// An engine that builds nothing: it takes the build of a client (docker buildx, say) up to where its session is open and
/// an engine would ask for files, and keeps it there until it is disposed. So a test can ask that client for what it likes.
/// </summary>
internal sealed class FakeBuildKit : IAsyncDisposable
{
    private const string Control = "/moby.buildkit.v1.Control/";
    private const string Bridge = "/moby.buildkit.v1.frontend.LLBBridge/";
    private const string BuildId = "buildkit-controlapi-buildid";

    private static readonly Gateway.ApiCap[] s_caps = [.. new[] { "solve.base", "return", "returnmap", "readfile", "statfile", "proto.refarray", "frontend.inputs", "frontend.caps", "gateway.solve.metadata" }
        .Select(id => new Gateway.ApiCap { Id = id, Enabled = true })];

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<SessionServer> _servers = [];
    private readonly TaskCompletionSource<FakeTunnel> _session = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<string, TaskCompletionSource> _builds = [];
    private readonly Task _accepting;

    public FakeBuildKit(string socket)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>The session of the first build that serves files.</summary>
    public Task<FakeTunnel> Session => _session.Task;

    public async ValueTask DisposeAsync()
    {
        _ended.TrySetResult();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>Lets the client's build fail, so that the client ends.</summary>
    public void EndBuild() => _ended.TrySetResult();

    private async Task AcceptAsync()
    {
        ISessionMethod[] methods =
        [
            Answering("ListWorkers", new ListWorkersResponse { Record = { new WorkerRecord { Id = "fake", Platforms = { new Solver.Platform { Os = "linux", Architecture = "amd64" } } } } }),
            Answering("Info", new InfoResponse { BuildkitVersion = new BuildKitVersion { Version = "v0.25.2" } }),
            new FakeMethod(Control + "ListenBuildHistory", _ => Task.CompletedTask),
            new FakeMethod(Control + "Session", SessionAsync),
            new FakeMethod(Control + "Solve", SolveAsync),
            new FakeMethod(Control + "Status", async call => await Build(StatusRequest.Parser.ParseFrom(await GrpcMessage.ReadSingleAsync(call.Request, call.Aborted)).Ref).Task.WaitAsync(call.Aborted)),
            new FakeMethod(Bridge + "Ping", call => FakeMethod.SendAsync(call, new Gateway.PongResponse { FrontendApiCaps = { s_caps } })),
            new FakeMethod(Bridge + "Return", ReturnAsync),
            new FakeMethod(Bridge + "Solve", async call =>
            {
                await _ended.Task.WaitAsync(call.Aborted);
                throw new SessionStatusException(StatusCode.Unknown, "the fake engine builds nothing");
            }),
        ];
        while (true)
        {
            var socket = await _listener.AcceptAsync();
            _servers.Add(await SessionServer.StartAsync(new NetworkStream(socket, ownsSocket: true), methods, default));
        }
    }

    private static FakeMethod Answering(string name, IMessage answer) => new(Control + name, call => FakeMethod.SendAsync(call, answer));

    private async Task SessionAsync(ISessionCall call)
    {
        if (call.Header(SessionHeaders.Method.ToLowerInvariant()).Any(m => m.Contains("FileSync/", StringComparison.OrdinalIgnoreCase)))
        {
            _session.TrySetResult(new FakeTunnel(call));
        }

        await FakeMethod.HangAsync(call);
    }

    private async Task SolveAsync(ISessionCall call)
    {
        var request = SolveRequest.Parser.ParseFrom(await GrpcMessage.ReadSingleAsync(call.Request, call.Aborted));
        await Build(request.Ref).Task.WaitAsync(call.Aborted);
        await FakeMethod.SendAsync(call, new SolveResponse());
    }

    private async Task ReturnAsync(ISessionCall call)
    {
        Build(call.Header(BuildId).Single()).TrySetResult();
        await FakeMethod.SendAsync(call, new Gateway.ReturnResponse());
    }

    private TaskCompletionSource Build(string reference)
    {
        lock (_builds)
        {
            return _builds.TryGetValue(reference, out var build)
                ? build
                : _builds[reference] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
