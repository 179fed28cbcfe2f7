using System.Buffers;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>Walks the fields of a protobuf message without making objects of them.</summary>
internal static class WireFormat
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    /// <summary>Reads one field.</summary>
    /// <param name="reader">The message, from the field on; moved behind it.</param>
    /// <param name="tag">The field's number and kind.</param>
    /// <param name="bytes">Its bytes, if it is of the kind that has a length; else empty.</param>
    /// <returns>Whether there was a whole field; if not and the reader is not at its end, the message is not valid.</returns>
    public static bool TryReadField(ref SequenceReader<byte> reader, out ulong tag, out ReadOnlySequence<byte> bytes)
    {
        bytes = default;
        var start = reader;
        if (!TryReadVarint(ref reader, out tag) || !TrySkip(ref reader, (int)(tag & 7), out bytes))
        {
            reader = start;
            return false;
        }

        return true;
    }

    private static bool TrySkip(ref SequenceReader<byte> reader, int kind, out ReadOnlySequence<byte> bytes)
    {
        bytes = default;
        switch (kind)
        {
            case Varint:
                return TryReadVarint(ref reader, out _);
            case Fixed64:
                return TryAdvance(ref reader, 8);
            case Fixed32:
                return TryAdvance(ref reader, 4);
            case LengthDelimited when TryReadVarint(ref reader, out var length) && length <= (ulong)reader.Remaining:
                bytes = reader.Sequence.Slice(reader.Position, (long)length);
                reader.Advance((long)length);
                return true;
            default:
                return false;
        }
    }

    private static bool TryAdvance(ref SequenceReader<byte> reader, int count)
    {
        if (reader.Remaining < count)
        {
            return false;
        }

        reader.Advance(count);
        return true;
    }

    private static bool TryReadVarint(ref SequenceReader<byte> reader, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (!reader.TryRead(out var b))
            {
                return false;
            }

            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
