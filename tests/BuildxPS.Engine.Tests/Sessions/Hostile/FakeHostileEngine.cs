using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions;

namespace BuildxPS.Engine.Tests.Sessions.Hostile;

/// <summary>
/// A fake engine that is up to no good. It calls the session of a build as a real one does, over HTTP/2 on the tunnel, and
/// sends what it likes.
/// </summary>
internal sealed class FakeHostileEngine : IAsyncDisposable
{
    public const string Export = "/moby.filesync.v1.FileSend/DiffCopy";
    public const string Sync = "/moby.filesync.v1.FileSync/DiffCopy";

    private readonly SessionServer _session;
    private readonly HttpClient _client;

    private FakeHostileEngine(SessionServer session, Stream tunnel)
    {
        _session = session;
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectCallback = (_, _) => ValueTask.FromResult(tunnel) })
        {
            BaseAddress = new Uri("http://localhost"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>What the client says that it failed of, in order.</summary>
    public ConcurrentQueue<BuildxException> Failures { get; } = [];

    /// <summary>Completes with the first of them.</summary>
    public TaskCompletionSource<BuildxException> Failed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static async Task<FakeHostileEngine> StartAsync(BuildServices services)
    {
        var (ours, theirs) = await StreamPair.CreateAsync();
        FakeHostileEngine? engine = null;
        services = services with
        {
            OnFailure = e =>
            {
                engine!.Failures.Enqueue(e);
                engine.Failed.TrySetResult(e);
            },
        };
        engine = new FakeHostileEngine(await SessionServer.StartAsync(ours, SessionMethods.For(services).Methods, default), theirs);
        return engine;
    }

    /// <summary>Calls a method of the client's.</summary>
    public HostileCall Call(string method, params (string Name, string Value)[] headers)
    {
        var body = new Pipe();
        var request = new HttpRequestMessage(HttpMethod.Post, method)
        {
            Content = new Body(body.Reader),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("te", "trailers");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return new HostileCall(_client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead), body.Writer);
    }

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        _client.Dispose();
    }

    /// <summary>Sends what is written into a pipe, as it is written.</summary>
    private sealed class Body : HttpContent
    {
        private readonly PipeReader _source;

        public Body(PipeReader source)
        {
            _source = source;
            Headers.ContentType = new("application/grpc");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            // Headers go out with the first bytes or the first flush.
            await stream.FlushAsync();
            while (true)
            {
                var result = await _source.ReadAsync();
                foreach (var piece in result.Buffer)
                {
                    await stream.WriteAsync(piece);
                }

                await stream.FlushAsync();
                _source.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return;
                }
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
