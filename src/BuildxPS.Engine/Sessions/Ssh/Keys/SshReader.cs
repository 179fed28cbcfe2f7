using System.Buffers.Binary;

namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>Reads SSH's data types (RFC 4251, section 5).</summary>
internal ref struct SshReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>What was not read yet.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Reads a number.</summary>
    /// <param name="value">The number.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryReadNumber(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_rest, out value))
        {
            return false;
        }

        _rest = _rest[sizeof(uint)..];
        return true;
    }

    /// <summary>Reads bytes that have a length.</summary>
    /// <param name="value">The bytes.</param>
    /// <returns>Whether they were all there.</returns>
    public bool TryReadString(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_rest, out var length) || length > _rest.Length - sizeof(uint))
        {
            return false;
        }

        value = _rest.Slice(sizeof(uint), (int)length);
        _rest = _rest[(sizeof(uint) + (int)length)..];
        return true;
    }

    /// <summary>Reads a large number that is not negative.</summary>
    /// <param name="value">Its bytes, the highest first, without zeros before it.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryReadLargeNumber(out ReadOnlySpan<byte> value)
    {
        if (!TryReadString(out value) || value is [>= 0x80, ..])
        {
            return false;
        }

        value = value.TrimStart((byte)0);
        return true;
    }
}
