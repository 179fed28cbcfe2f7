using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>Writes SSH's data types (RFC 4251, section 5).</summary>
internal sealed class SshWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>What was written.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    /// <summary>Writes a byte.</summary>
    /// <param name="value">The byte.</param>
    public void WriteByte(byte value) => _buffer.Write([value]);

    /// <summary>Writes a number.</summary>
    /// <param name="value">The number.</param>
    public void WriteNumber(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.GetSpan(sizeof(uint)), value);
        _buffer.Advance(sizeof(uint));
    }

    /// <summary>Writes bytes with their length.</summary>
    /// <param name="value">The bytes.</param>
    public void WriteString(ReadOnlySpan<byte> value)
    {
        WriteNumber((uint)value.Length);
        _buffer.Write(value);
    }

    /// <summary>Writes a name.</summary>
    /// <param name="value">ASCII.</param>
    public void WriteString(string value) => WriteString(Encoding.ASCII.GetBytes(value));

    /// <summary>Writes a large number.</summary>
    /// <param name="value">Its bytes, not negative, the highest first.</param>
    public void WriteLargeNumber(ReadOnlySpan<byte> value)
    {
        value = value.TrimStart((byte)0);

        // A first bit that is set would make it negative.
        var isPadded = value is [>= 0x80, ..];
        WriteNumber((uint)(value.Length + (isPadded ? 1 : 0)));
        if (isPadded)
        {
            WriteByte(0);
        }

        _buffer.Write(value);
    }
}
