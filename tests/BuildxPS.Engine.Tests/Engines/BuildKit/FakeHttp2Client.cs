using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>
/// Calls gRPC methods on a stream as an engine does, with headers that stand several times: HttpClient would join them.
/// Just enough of HTTP/2 for that; it looks at no header that comes back.
/// </summary>
internal sealed class FakeHttp2Client : IAsyncDisposable
{
    private const int FrameHeader = 9;
    private const int MaxFrame = 16 * 1024;
    private const byte EndStream = 1;
    private const byte Acknowledge = 1;
    private const byte EndHeaders = 4;

    private readonly Stream _stream;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SemaphoreSlim _windowGrew = new(0);
    private readonly ConcurrentDictionary<int, Pipe> _answers = new();
    private readonly CancellationTokenSource _stopping = new();
    private Task _reading = Task.CompletedTask;
    private int _lastId = -1;
    private long _window = ushort.MaxValue;

    private FakeHttp2Client(Stream stream) => _stream = stream;

    private enum FrameKind : byte
    {
        Data = 0,
        Headers = 1,
        Reset = 3,
        Settings = 4,
        Ping = 6,
        GoAway = 7,
        WindowUpdate = 8,
        Continuation = 9,
    }

    public static async Task<FakeHttp2Client> StartAsync(Stream stream)
    {
        var client = new FakeHttp2Client(stream);
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());

        // The largest window for every call, and for the connection.
        await client.WriteFrameAsync(FrameKind.Settings, 0, 0, new byte[] { 0, 4, 0x7F, 0xFF, 0xFF, 0xFF });
        await client.WriteFrameAsync(FrameKind.WindowUpdate, 0, 0, new byte[] { 0x7F, 0, 0, 0 });
        client._reading = Task.Run(client.ReadFramesAsync);
        return client;
    }

    /// <summary>Opens a call. What is written to the pipe goes out when it is flushed; the answer ends with the call.</summary>
    public async Task<(PipeReader Answer, PipeWriter Request, Func<Task> Cancel)> CallAsync(string path, IEnumerable<(string Name, string Value)> headers)
    {
        var answer = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var request = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var block = new ArrayBufferWriter<byte>();
        foreach (var (name, value) in headers.Prepend(("te", "trailers")).Prepend(("content-type", "application/grpc"))
            .Prepend((":authority", "localhost")).Prepend((":path", path)).Prepend((":scheme", "http")).Prepend((":method", "POST")))
        {
            WriteHeader(block, name, value);
        }

        int id;
        await _writing.WaitAsync(_stopping.Token);
        try
        {
            id = _lastId += 2;
            _answers[id] = answer;
            await WriteHeadersAsync(id, block.WrittenMemory);
        }
        finally
        {
            _writing.Release();
        }

        _ = Task.Run(() => SendAsync(id, request.Reader));
        return (answer.Reader, request.Writer, () => WriteFrameAsync(FrameKind.Reset, 0, id, new byte[] { 0, 0, 0, 8 }));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _stream.DisposeAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _writing.Dispose();
        _windowGrew.Dispose();
        _stopping.Dispose();
    }

    private async Task WriteHeadersAsync(int id, ReadOnlyMemory<byte> block)
    {
        var kind = FrameKind.Headers;
        do
        {
            var piece = block[..Math.Min(MaxFrame, block.Length)];
            block = block[piece.Length..];
            await WriteFrameLockedAsync(kind, block.IsEmpty ? EndHeaders : (byte)0, id, piece);
            kind = FrameKind.Continuation;
        }
        while (!block.IsEmpty);
    }

    /// <summary>A literal that goes into no table, in plain octets.</summary>
    private static void WriteHeader(ArrayBufferWriter<byte> block, string name, string value)
    {
        block.Write([(byte)0]);
        foreach (var text in new[] { name, value })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var rest = bytes.Length - 127;
            block.Write([(byte)Math.Min(bytes.Length, 127)]);
            for (; rest >= 128; rest >>= 7)
            {
                block.Write([(byte)(rest | 0x80)]);
            }

            if (bytes.Length >= 127)
            {
                block.Write([(byte)rest]);
            }

            block.Write(bytes);
        }
    }

    private async Task SendAsync(int id, PipeReader request)
    {
        while (true)
        {
            var read = await request.ReadAsync(_stopping.Token);
            var buffer = read.Buffer.ToArray();
            request.AdvanceTo(read.Buffer.End);
            for (var at = 0; at < buffer.Length;)
            {
                var length = Math.Min(MaxFrame, buffer.Length - at);
                while (Interlocked.Add(ref _window, -length) < 0)
                {
                    Interlocked.Add(ref _window, length);
                    await _windowGrew.WaitAsync(_stopping.Token);
                }

                await WriteFrameAsync(FrameKind.Data, 0, id, buffer.AsMemory(at, length));
                at += length;
            }

            if (read.IsCompleted)
            {
                await WriteFrameAsync(FrameKind.Data, EndStream, id, default);
                return;
            }
        }
    }

    private async Task ReadFramesAsync()
    {
        try
        {
            var header = new byte[FrameHeader];
            while (true)
            {
                await _stream.ReadExactlyAsync(header, _stopping.Token);
                var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
                await _stream.ReadExactlyAsync(payload, _stopping.Token);
                await HandleAsync((FrameKind)header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
            }
        }
        catch (Exception e)
        {
            foreach (var answer in _answers.Values)
            {
                await answer.Writer.CompleteAsync(new IOException("The client's session ended.", e));
            }
        }
    }

    private async Task HandleAsync(FrameKind kind, byte flags, int id, byte[] payload)
    {
        switch (kind)
        {
            case FrameKind.Data:
                if (_answers.TryGetValue(id, out var answer))
                {
                    await answer.Writer.WriteAsync(payload);
                }

                if (payload.Length > 0)
                {
                    var grown = new byte[4];
                    BinaryPrimitives.WriteInt32BigEndian(grown, payload.Length);
                    await WriteFrameAsync(FrameKind.WindowUpdate, 0, 0, grown);
                }

                break;
            case FrameKind.Settings when (flags & Acknowledge) == 0:
                await WriteFrameAsync(FrameKind.Settings, Acknowledge, 0, default);
                break;
            case FrameKind.Ping when (flags & Acknowledge) == 0:
                await WriteFrameAsync(FrameKind.Ping, Acknowledge, 0, payload);
                break;
            case FrameKind.WindowUpdate when id == 0:
                Interlocked.Add(ref _window, BinaryPrimitives.ReadInt32BigEndian(payload));
                _windowGrew.Release();
                break;
            case FrameKind.GoAway:
                throw new IOException("The client said goodbye.");
        }

        var ends = kind is FrameKind.Reset || (kind is FrameKind.Data or FrameKind.Headers && (flags & EndStream) != 0);
        if (ends && _answers.TryRemove(id, out var ended))
        {
            await ended.Writer.CompleteAsync();
        }
    }

    private async Task WriteFrameAsync(FrameKind kind, byte flags, int id, ReadOnlyMemory<byte> payload)
    {
        await _writing.WaitAsync(_stopping.Token);
        try
        {
            await WriteFrameLockedAsync(kind, flags, id, payload);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WriteFrameLockedAsync(FrameKind kind, byte flags, int id, ReadOnlyMemory<byte> payload)
    {
        var frame = new byte[FrameHeader + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = (byte)kind;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), id);
        payload.CopyTo(frame.AsMemory(FrameHeader));
        await _stream.WriteAsync(frame, _stopping.Token);
    }
}
