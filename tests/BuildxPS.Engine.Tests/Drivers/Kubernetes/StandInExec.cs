using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Drivers.Kubernetes;

/// <summary>
/// Commands in the stand-in's pods, over WebSockets: <c>buildctl dial-stdio</c>, which is bridged to a real BuildKit's socket.
/// </summary>
internal sealed class StandInExec(StandInStore store)
{
    private static readonly string[] s_known = ["command", "container", "stdin", "stdout", "stderr", "tty"];

    private readonly ConcurrentDictionary<string, CancellationTokenSource> _pods = new(StringComparer.Ordinal);

    /// <summary>The pod of each command that was started.</summary>
    public ConcurrentQueue<string> Started { get; } = new();

    /// <summary>The protocols that were agreed on.</summary>
    public ConcurrentQueue<string> Protocols { get; } = new();

    /// <summary>The protocols that this server knows; it takes the client's first of them.</summary>
    public IReadOnlyList<string> Known { get; set; } = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    /// <summary>Ends a pod's commands.</summary>
    public void End(string pod)
    {
        if (_pods.TryRemove(pod, out var ends))
        {
            ends.Cancel();
        }
    }

    public async Task RunAsync(StandInRequest request)
    {
        var container = Check(request);
        var protocol = request.Http.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(Known.Contains)
            ?? throw StandInRefusal.Bad($"unable to upgrade: none of {string.Join(", ", request.Http.WebSockets.WebSocketRequestedProtocols)} is known");
        Protocols.Enqueue(protocol);
        Started.Enqueue(request.Name);
        var ends = _pods.GetOrAdd(request.Name, _ => new CancellationTokenSource()).Token;
        using var engine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await engine.ConnectAsync(new UnixDomainSocketEndPoint(TestEngines.Require("bkd")["unix://".Length..]), ends);
        using var socket = await request.Http.WebSockets.AcceptWebSocketAsync(protocol);
        var output = OutputAsync(socket, engine, ends);
        var input = InputAsync(socket, engine, protocol, ends);
        await Task.WhenAny(input, output);
        engine.Dispose();
        await Task.WhenAll(input, output).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseAsync(socket, container, ends.IsCancellationRequested);
    }

    private string Check(StandInRequest request)
    {
        var pod = store.Find("pods", request.Space, request.Name) ?? throw StandInRefusal.NotFound("pods", request.Name);
        var container = request.Query("container") is { Length: > 0 } given ? given : (string)pod["spec"]!["containers"]![0]!["name"]!;
        if (!request.Http.WebSockets.IsWebSocketRequest || request.Http.Request.Query.Keys.Any(k => !s_known.Contains(k)))
        {
            throw StandInRefusal.Bad("you must specify at least 1 of stdin, stdout, stderr, and upgrade the request");
        }

        if (!pod["spec"]!["containers"]!.AsArray().Any(c => (string?)c!["name"] == container))
        {
            throw StandInRefusal.Bad($"container {container} is not valid for pod {request.Name}");
        }

        if ((string?)pod["status"]!["phase"] != "Running")
        {
            throw new StandInRefusal(500, "InternalError", $"unable to upgrade connection: container not found (\"{container}\")");
        }

        return request.Http.Request.Query["command"] is ["buildctl", "dial-stdio"] && IsTrue("stdin") && IsTrue("stdout") && IsTrue("stderr") && !IsTrue("tty")
            ? container
            : throw StandInRefusal.Bad($"no such command: {request.Http.Request.QueryString}");

        bool IsTrue(string name) => request.Query(name).ToLowerInvariant() is "true" or "1";
    }

    private static async Task OutputAsync(WebSocket socket, Socket engine, CancellationToken ends)
    {
        // As the kubelet does, which opens each channel with an empty message.
        foreach (var channel in (byte[])[1, 2, 3])
        {
            await socket.SendAsync(new[] { channel }, WebSocketMessageType.Binary, true, ends);
        }

        var buffer = new byte[32 * 1024];
        buffer[0] = 1;
        while (await engine.ReceiveAsync(buffer.AsMemory(1), ends) is > 0 and var count)
        {
            await socket.SendAsync(buffer.AsMemory(0, count + 1), WebSocketMessageType.Binary, true, ends);
        }
    }

    private static async Task InputAsync(WebSocket socket, Socket engine, string protocol, CancellationToken ends)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(length), ends);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            switch (buffer[0])
            {
                case 0:
                    await engine.SendAsync(buffer.AsMemory(1, length - 1), ends);
                    break;
                case 255 when protocol[1] == '5' && length == 2 && buffer[1] == 0:
                    engine.Shutdown(SocketShutdown.Send);
                    break;
                default:
                    throw new InvalidDataException($"a message for the channel {buffer[0]}");
            }
        }
    }

    private static async Task CloseAsync(WebSocket socket, string container, bool isKilled)
    {
        var status = isKilled
            ? $$"""{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: container {{container}} was killed","reason":"NonZeroExitCode"}"""
            : """{"metadata":{},"status":"Success"}""";
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await socket.SendAsync((byte[])[3, .. Encoding.UTF8.GetBytes(status)], WebSocketMessageType.Binary, true, limit.Token);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone.
        }
    }
}
