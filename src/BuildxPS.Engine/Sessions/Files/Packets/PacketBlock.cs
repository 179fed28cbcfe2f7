using System.Buffers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Packets;

/// <summary>
/// Some whole packets, framed, on their way to the engine: entries, or the bytes of files, which are read straight to where
/// they stand in their packet.
/// </summary>
internal sealed class PacketBlock : IDisposable
{
    private byte[] _buffer;
    private int _length;

    /// <summary>Makes an empty block.</summary>
    /// <param name="capacity">Bytes that it is for; what is larger makes it grow.</param>
    public PacketBlock(int capacity)
    {
        Capacity = capacity;
        _buffer = ArrayPool<byte>.Shared.Rent(capacity);
    }

    /// <summary>Bytes that it is for.</summary>
    public int Capacity { get; }

    /// <summary>The packets, valid until the block changes.</summary>
    public ReadOnlySpan<byte> Packets => _buffer.AsSpan(0, _length);

    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => _length == 0;

    /// <summary>Number of the last entry in it that was added with one.</summary>
    public long LastEntry { get; private set; } = -1;

    /// <summary>When something was put into it first, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long Since { get; private set; }

    /// <summary>Adds an entry.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>False if it does not fit, and nothing was added. Into an empty block everything fits.</returns>
    public bool TryAddEntry(long number, FileEntry entry)
    {
        var length = PacketEncoder.EntryPacketLength(entry);
        if (!HasRoom(GrpcMessage.HeaderLength + length))
        {
            return false;
        }

        PacketEncoder.WriteEntryPacket(Begin(length), entry);
        LastEntry = number;
        return true;
    }

    /// <summary>Adds the end of the list.</summary>
    public void AddEndOfEntries() => Begin(0);

    /// <summary>Whether so many bytes of a file fit, the end of the file included. Into an empty block everything fits.</summary>
    /// <param name="id">The file's number.</param>
    /// <param name="length">How many bytes.</param>
    /// <returns>Whether they do.</returns>
    public bool HasRoomForData(uint id, int length) =>
        HasRoom((2 * GrpcMessage.HeaderLength) + PacketEncoder.DataPrefixLength(id, length) + length + PacketEncoder.DataPrefixLength(id, 0));

    /// <summary>
    /// Where the next bytes of a file go to. They are part of the block only after <see cref="AddData"/>, so a file that
    /// turns out to be another can be left out.
    /// </summary>
    /// <param name="id">The file's number.</param>
    /// <param name="length">How many bytes the packet gets.</param>
    /// <returns>Room for one byte more than that.</returns>
    public Span<byte> RoomForData(uint id, int length)
    {
        var prefix = length == 0 ? 0 : GrpcMessage.HeaderLength + PacketEncoder.DataPrefixLength(id, length);
        Grow(prefix + length + 1);
        return _buffer.AsSpan(_length + prefix, length + 1);
    }

    /// <summary>Adds the bytes that were put where <see cref="RoomForData"/> said.</summary>
    /// <param name="id">The file's number.</param>
    /// <param name="length">How many bytes.</param>
    public void AddData(uint id, int length)
    {
        if (length > 0)
        {
            PacketEncoder.WriteDataPrefix(Begin(PacketEncoder.DataPrefixLength(id, length) + length), id, length);
        }
    }

    /// <summary>Adds a file's end.</summary>
    /// <param name="id">The file's number.</param>
    public void AddEndOfData(uint id) => PacketEncoder.WriteDataPrefix(Begin(PacketEncoder.DataPrefixLength(id, 0)), id, 0);

    /// <summary>Empties the block, for use anew.</summary>
    public void Clear()
    {
        _length = 0;
        LastEntry = -1;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private bool HasRoom(int length) => _length == 0 || _length + length <= Capacity;

    private Span<byte> Begin(int length)
    {
        if (_length == 0)
        {
            Since = Environment.TickCount64;
        }

        Grow(GrpcMessage.HeaderLength + length);
        GrpcMessage.WriteHeader(_buffer.AsSpan(_length), length);
        var body = _buffer.AsSpan(_length + GrpcMessage.HeaderLength, length);
        _length += GrpcMessage.HeaderLength + length;
        return body;
    }

    private void Grow(int length)
    {
        if (_buffer.Length - _length < length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_length + length);
            Packets.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }
}
