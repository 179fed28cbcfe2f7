using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Streams;

namespace BuildxPS.Engine.Drivers.Kubernetes;

/// <summary>
/// The byte tunnel of a command in a pod, over the messages of kubernetes' remote command protocol (v4 and v5
/// <c>channel.k8s.io</c>): a message's first byte says what it belongs to.
/// </summary>
/// <param name="socket">The socket, which this stream owns.</param>
/// <param name="failures">Puts the command's own words into a failure.</param>
internal sealed class PodExecStream(WebSocket socket, ExecFailures failures) : SequentialStream
{
    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Log = 2;
    private const byte Result = 3;
    private const byte None = byte.MaxValue;
    private const int MaxMessageBytes = 32 * 1024;
    private const int MaxResultBytes = 16 * 1024;

    private readonly TextTail _log = new();
    private readonly ArrayBufferWriter<byte> _result = new();
    private readonly byte[] _scrap = new byte[4096];
    private byte _channel = None;
    private bool _hasData;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        try
        {
            while (true)
            {
                if (_channel == None && !await ReadChannelAsync(cancellationToken).ConfigureAwait(false))
                {
                    throw Ended();
                }

                if (_channel == Output)
                {
                    var count = await ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
                    if (count > 0)
                    {
                        _hasData = true;
                        return count;
                    }
                }
                else if (_channel != None)
                {
                    Keep(_channel, _scrap.AsSpan(0, await ReceiveAsync(_scrap, cancellationToken).ConfigureAwait(false)));
                }
            }
        }
        catch (WebSocketException)
        {
            throw Ended();
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A message of its own for each piece: some servers do not put together what comes in several frames.
        var message = ArrayPool<byte>.Shared.Rent(1 + Math.Min(buffer.Length, MaxMessageBytes));
        try
        {
            message[0] = Input;
            while (buffer.Length > 0)
            {
                var count = Math.Min(buffer.Length, MaxMessageBytes);
                buffer.Span[..count].CopyTo(message.AsSpan(1));
                await socket.SendAsync(message.AsMemory(0, count + 1), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken).ConfigureAwait(false);
                buffer = buffer[count..];
            }
        }
        catch (WebSocketException)
        {
            throw Ended();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // The command reads the end of its input when the socket is gone, and ends.
            socket.Abort();
            socket.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Reads a message's first byte.</summary>
    private async ValueTask<bool> ReadChannelAsync(CancellationToken cancellationToken)
    {
        var received = await socket.ReceiveAsync(_scrap.AsMemory(0, 1), cancellationToken).ConfigureAwait(false);
        if (received.MessageType == WebSocketMessageType.Close)
        {
            return false;
        }

        // An empty message on each channel opens the tunnel.
        _channel = received.Count == 0 || received.EndOfMessage ? None : _scrap[0];
        return _channel is Output or Log or Result or None ? true : throw new InvalidDataException("the pod's output does not come in the channels of a command");
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var received = await socket.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (received.EndOfMessage)
        {
            _channel = None;
        }

        return received.MessageType == WebSocketMessageType.Close ? throw Ended() : received.Count;
    }

    private void Keep(byte channel, ReadOnlySpan<byte> bytes)
    {
        if (channel == Log)
        {
            _log.Add(bytes);
        }
        else if (_result.WrittenCount + bytes.Length <= MaxResultBytes)
        {
            _result.Write(bytes);
        }
    }

    private Exception Ended()
    {
        var words = string.Join("; ", ((string[])[_log.ToString(), ReadResult()]).Where(w => w.Length > 0));
        return _hasData ? failures.Broken(words) : failures.Ended(words);
    }

    private string ReadResult()
    {
        try
        {
            using var json = JsonDocument.Parse(_result.WrittenMemory);
            return json.RootElement.TryGetProperty("status", out var status) && status.ValueEquals("Success") || !json.RootElement.TryGetProperty("message", out var message)
                ? ""
                : DisplayText.Line(message.GetString());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}
