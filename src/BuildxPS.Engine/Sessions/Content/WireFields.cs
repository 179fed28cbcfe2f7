using System.Buffers;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>Walks the fields at the beginning of a protobuf message of which perhaps not all has arrived.</summary>
internal ref struct WireFields
{
    private readonly bool _isWhole;
    private SequenceReader<byte> _reader;
    private int _wireType;

    /// <summary>Starts at a field.</summary>
    /// <param name="buffer">What there is of the message.</param>
    /// <param name="isWhole">Whether that is all of it.</param>
    public WireFields(ReadOnlySequence<byte> buffer, bool isWhole)
    {
        _reader = new SequenceReader<byte>(buffer);
        _isWhole = isWhole;
    }

    /// <summary>Bytes read so far.</summary>
    public readonly long Consumed => _reader.Consumed;

    /// <summary>Whether the whole message was read.</summary>
    public readonly bool IsAtEnd => _isWhole && _reader.End;

    /// <summary>Moves to the next field.</summary>
    /// <param name="field">Its number.</param>
    /// <returns>False at the end of the message, or of what there is.</returns>
    public bool TryNext(out int field)
    {
        field = 0;
        if (_reader.End || !TryVarint(out var tag))
        {
            return false;
        }

        field = tag >> 3 is > 0 and <= 0x1FFFFFFF ? (int)(tag >> 3) : throw ContentFailures.Violation("a field has an invalid number");
        _wireType = (int)(tag & 7);
        return true;
    }

    /// <summary>Reads a number.</summary>
    public bool TryNumber(out ulong value)
        => _wireType == 0 ? TryVarint(out value) : throw ContentFailures.Violation("a field is not a number");

    /// <summary>Reads the length of a sequence of bytes, and stops before it.</summary>
    public bool TryLength(out ulong length)
        => _wireType == 2 ? TryVarint(out length) : throw ContentFailures.Violation("a field is not a sequence of bytes");

    /// <summary>Reads a sequence of bytes.</summary>
    public bool TryBytes(int maxLength, out ReadOnlySequence<byte> bytes)
    {
        bytes = default;
        if (!TryLength(out var length))
        {
            return false;
        }

        if (length > (ulong)maxLength)
        {
            throw ContentFailures.Violation($"a field of {length} bytes is larger than {maxLength}");
        }

        bytes = _reader.UnreadSequence.Slice(0, Math.Min((long)length, _reader.Remaining));
        return TryAdvance((long)length);
    }

    /// <summary>Passes over a field.</summary>
    public bool TrySkip() => _wireType switch
    {
        0 => TryVarint(out _),
        1 => TryAdvance(8),
        2 => TryVarint(out var length) && (length <= int.MaxValue ? TryAdvance((long)length) : throw ContentFailures.Violation("a field is longer than its message")),
        5 => TryAdvance(4),
        _ => throw ContentFailures.Violation("a field has an unknown encoding"),
    };

    private bool TryAdvance(long count)
    {
        if (_reader.Remaining < count)
        {
            return Missing("a field is longer than its message");
        }

        _reader.Advance(count);
        return true;
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (!_reader.TryRead(out var next))
            {
                return Missing("a message ends in the middle of a number");
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        throw ContentFailures.Violation("a number is too long");
    }

    private readonly bool Missing(string problem) => _isWhole ? throw ContentFailures.Violation(problem) : false;
}
