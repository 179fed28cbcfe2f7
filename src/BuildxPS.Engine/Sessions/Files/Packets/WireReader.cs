using System.Buffers;
using System.Text;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Packets;

/// <summary>Reads protobuf fields by hand: data of files goes from the pipe to the disk without a message object in between.</summary>
internal ref struct WireReader
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private SequenceReader<byte> _reader;

    /// <summary>Starts at a message's first byte.</summary>
    /// <param name="message">The message.</param>
    public WireReader(ReadOnlySequence<byte> message) => _reader = new SequenceReader<byte>(message);

    /// <summary>Number of the field that <see cref="Next"/> stopped at.</summary>
    public int Field { get; private set; }

    /// <summary>How the field is encoded.</summary>
    public int WireType { get; private set; }

    /// <summary>The failure for bytes that are no message of this protocol.</summary>
    /// <param name="what">What is wrong.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Violation(string what) => new(
        BuildxFailure.ProtocolViolation,
        $"The engine broke the file transfer protocol: {what}.",
        "Try again; if it stays, the engine or something between it and this machine is at fault. Look at the engine's log.");

    /// <summary>Moves to the next field.</summary>
    /// <returns>False at the end.</returns>
    public bool Next()
    {
        if (_reader.End)
        {
            return false;
        }

        var tag = Varint();
        Field = tag >> 3 is > 0 and <= 0x1FFFFFFF ? (int)(tag >> 3) : throw Violation("a field has an invalid number");
        WireType = (int)(tag & 7);
        return true;
    }

    /// <summary>Reads a number.</summary>
    /// <returns>The number.</returns>
    public ulong Number() => WireType == 0 ? Varint() : throw Violation($"field {Field} is not a number");

    /// <summary>Reads bytes.</summary>
    /// <returns>The bytes, valid as long as the message is.</returns>
    public ReadOnlySequence<byte> Bytes()
    {
        if (WireType != 2)
        {
            throw Violation($"field {Field} is not a sequence of bytes");
        }

        var length = Varint();
        if (length > (ulong)_reader.Remaining)
        {
            throw Violation($"field {Field} is longer than its message");
        }

        var bytes = _reader.UnreadSequence.Slice(0, (long)length);
        _reader.Advance((long)length);
        return bytes;
    }

    /// <summary>Reads text.</summary>
    /// <returns>The text.</returns>
    public string Text()
    {
        try
        {
            return s_strictUtf8.GetString(Bytes());
        }
        catch (DecoderFallbackException)
        {
            throw Violation($"field {Field} is not valid UTF-8");
        }
    }

    /// <summary>Reads a path. Older engines send names as they are, whether they are UTF-8 or not.</summary>
    /// <returns>The path, with what is not UTF-8 as <see cref="NameBytes"/> has it.</returns>
    public string Name()
    {
        var bytes = Bytes();
        return bytes.IsSingleSegment ? NameBytes.Decode(bytes.FirstSpan) : NameBytes.Decode(bytes.ToArray());
    }

    /// <summary>Passes over a field that is not known here.</summary>
    public void Skip()
    {
        switch (WireType)
        {
            case 0:
                _ = Varint();
                break;
            case 1:
                Advance(8);
                break;
            case 2:
                _ = Bytes();
                break;
            case 5:
                Advance(4);
                break;
            default:
                throw Violation($"field {Field} has an unknown encoding");
        }
    }

    private void Advance(int count)
    {
        if (_reader.Remaining < count)
        {
            throw Violation($"field {Field} is longer than its message");
        }

        _reader.Advance(count);
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (!_reader.TryRead(out var next))
            {
                throw Violation("a message ends in the middle of a number");
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Violation("a number is too long");
    }
}
