using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>What an engine asks for in one message of a write.</summary>
internal enum WriteAction
{
    /// <summary>How far the write is.</summary>
    Status = 0,

    /// <summary>Add the data.</summary>
    Write = 1,

    /// <summary>Add the data if there is any, and end.</summary>
    Commit = 2,
}

/// <summary>A message of a write without its data.</summary>
internal readonly record struct WriteRequest
{
    /// <summary>What to do.</summary>
    public WriteAction Action { get; init; }

    /// <summary>The engine's name for the write; in its first message only.</summary>
    public string Reference { get; init; }

    /// <summary>Bytes that will come in all; zero if the engine does not say.</summary>
    public long Total { get; init; }

    /// <summary>The digest that the content will have; empty if the engine does not say.</summary>
    public string Expected { get; init; }

    /// <summary>Where the data belongs.</summary>
    public long Offset { get; init; }

    /// <summary>Bytes of data that follow.</summary>
    public int DataLength { get; init; }
}

/// <summary>
/// Reads the messages of a write. Data is passed on as it arrives and not when its message is whole: a message may be larger
/// than the window that the engine may send without being answered.
/// </summary>
/// <param name="input">The messages.</param>
internal sealed class WriteRequests(PipeReader input)
{
    /// <summary>Longest reference; real ones hold a digest and perhaps an image's name.</summary>
    public const int MaxReference = 4096;

    /// <summary>All of a message but its data.</summary>
    private const int MaxHead = 64 * 1024;

    private const int MaxDigest = 256;
    private const int DataField = 6;

    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes of the message that were not read yet, the data included.</summary>
    private long _left;

    private int _dataLeft;

    /// <summary>Reads the next message up to its data. The data of the one before must have been read.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The message; null after the last one.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public async ValueTask<WriteRequest?> NextAsync(CancellationToken cancellationToken)
    {
        var request = default(WriteRequest) with { Reference = "", Expected = "" };
        var isBehindData = _left > 0;
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (isBehindData && TryReadFields(ref buffer, ref request, isBehindData))
            {
                isBehindData = false;
                request = default(WriteRequest) with { Reference = "", Expected = "" };
            }

            if (!isBehindData && TryReadHead(ref buffer, ref request))
            {
                input.AdvanceTo(buffer.Start);
                return request;
            }

            var unread = buffer.Length;
            input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return unread == 0 && _left == 0 ? null : throw WrongMessage("the stream ends in the middle of a message");
            }

            if (unread > MaxHead)
            {
                throw WrongMessage("a message has too much besides its data");
            }
        }
    }

    /// <summary>Reads the data of the message.</summary>
    /// <param name="take">Takes each piece; it is valid only meanwhile.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async ValueTask ReadDataAsync(Action<ReadOnlyMemory<byte>> take, CancellationToken cancellationToken)
    {
        while (_dataLeft > 0)
        {
            var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var piece = result.Buffer.Slice(0, Math.Min(_dataLeft, result.Buffer.Length));
            Take(piece, take);
            _dataLeft -= (int)piece.Length;
            _left -= piece.Length;
            input.AdvanceTo(piece.End);
            if (_dataLeft > 0 && result.IsCompleted)
            {
                throw WrongMessage("the stream ends in the middle of a message");
            }
        }
    }

    private static void Take(ReadOnlySequence<byte> piece, Action<ReadOnlyMemory<byte>> take)
    {
        if (piece.IsSingleSegment)
        {
            take(piece.First);
            return;
        }

        // One call to the system for what came, not one for each of the pipe's small segments.
        var length = (int)piece.Length;
        var whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            piece.CopyTo(whole);
            take(whole.AsMemory(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private bool TryReadHead(ref ReadOnlySequence<byte> buffer, ref WriteRequest request)
    {
        if (_left == 0)
        {
            if (buffer.Length < GrpcMessage.HeaderLength)
            {
                return false;
            }

            var length = PacketBuffer.CheckHeader(buffer, GrpcMessage.MaxLength);
            var rest = buffer.Slice(GrpcMessage.HeaderLength);
            _left = length;
            if (!TryReadFields(ref rest, ref request, isBehindData: false))
            {
                _left = 0;
                return false;
            }

            buffer = rest;
            return true;
        }

        return false;
    }

    /// <summary>Reads fields up to the data or to the message's end. Nothing is taken unless all of them are there.</summary>
    private bool TryReadFields(ref ReadOnlySequence<byte> buffer, ref WriteRequest request, bool isBehindData)
    {
        var fields = new WireFields(buffer.Slice(0, Math.Min(_left, buffer.Length)), isWhole: buffer.Length >= _left);
        var read = request;
        while (fields.TryNext(out var field))
        {
            if (field == DataField)
            {
                if (isBehindData || !fields.TryLength(out var length))
                {
                    return isBehindData ? throw WrongMessage("a message has data twice") : false;
                }

                if (length > (ulong)(_left - fields.Consumed))
                {
                    throw WrongMessage("the data is longer than its message");
                }

                Advance(ref buffer, fields.Consumed);
                _dataLeft = (int)length;
                request = read with { DataLength = (int)length };
                return true;
            }

            if (!TryReadField(ref fields, field, ref read, isBehindData))
            {
                return false;
            }
        }

        if (!fields.IsAtEnd)
        {
            return false;
        }

        Advance(ref buffer, fields.Consumed);
        request = read;
        return true;
    }

    private static bool TryReadField(ref WireFields fields, int field, ref WriteRequest request, bool isBehindData)
    {
        if (isBehindData && field < DataField)
        {
            // What says where data goes has to come before the data. Every encoder writes fields in their order.
            throw WrongMessage("what belongs before the data comes after it");
        }

        switch (field)
        {
            case 1 when fields.TryNumber(out var action):
                request = request with { Action = action <= 2 ? (WriteAction)action : throw WrongMessage("an action is not known") };
                return true;
            case 2 when fields.TryBytes(MaxReference, out var reference):
                request = request with { Reference = Text(reference) };
                return true;
            case 3 when fields.TryNumber(out var total):
                request = request with { Total = Size(total) };
                return true;
            case 4 when fields.TryBytes(MaxDigest, out var expected):
                request = request with { Expected = Text(expected) };
                return true;
            case 5 when fields.TryNumber(out var offset):
                request = request with { Offset = Size(offset) };
                return true;
            case > DataField:
                return fields.TrySkip();
            default:
                return false;
        }
    }

    private void Advance(ref ReadOnlySequence<byte> buffer, long count)
    {
        buffer = buffer.Slice(count);
        _left -= count;
    }

    private static long Size(ulong value) => value <= long.MaxValue ? (long)value : throw WrongMessage("an offset or a total is negative");

    private static string Text(ReadOnlySequence<byte> bytes)
    {
        try
        {
            return s_strictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw WrongMessage("a text is not valid UTF-8");
        }
    }

    private static BuildxException WrongMessage(string what) => ContentFailures.Violation(what);
}
