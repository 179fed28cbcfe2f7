using System.Buffers;
using System.Buffers.Binary;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Sessions.Files.Receiving;

/// <summary>
/// Entries that wait for their turn, as the bytes that they came in: where an engine lists faster than it sends files there
/// may be a million of them, and as objects they would take several times the memory.
/// </summary>
internal sealed class EntryQueue : IDisposable
{
    private const int BlockLength = 64 * 1024;
    private const int HeadLength = 8;

    private readonly LinkedList<Block> _blocks = new();

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>How much memory they take, in bytes.</summary>
    public long HeldBytes { get; private set; }

    /// <summary>Takes an entry.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="message">Its message.</param>
    public void Enqueue(uint id, ReadOnlySequence<byte> message)
    {
        var length = HeadLength + (int)message.Length;
        if (_blocks.Last?.Value is not { } block || block.Bytes.Length - block.Written < length)
        {
            block = new Block(ArrayPool<byte>.Shared.Rent(Math.Max(BlockLength, length)));
            HeldBytes += block.Bytes.Length;
            _blocks.AddLast(block);
        }

        var record = block.Bytes.AsSpan(block.Written, length);
        BinaryPrimitives.WriteUInt32LittleEndian(record, id);
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], (int)message.Length);
        message.CopyTo(record[HeadLength..]);
        block.Written += length;
        Count++;
    }

    /// <summary>Gives the entry that has waited longest.</summary>
    /// <param name="id">Its number.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryDequeue(out uint id, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FileEntry? entry)
    {
        (id, entry) = (0, null);
        if (Count == 0)
        {
            return false;
        }

        var block = _blocks.First!.Value;
        var record = block.Bytes.AsSpan(block.Read);
        id = BinaryPrimitives.ReadUInt32LittleEndian(record);
        var length = BinaryPrimitives.ReadInt32LittleEndian(record[4..]);
        entry = Packet.ReadEntry(new ReadOnlySequence<byte>(block.Bytes, block.Read + HeadLength, length));
        block.Read += HeadLength + length;
        Count--;
        if (block.Read == block.Written)
        {
            Drop(block);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_blocks.First?.Value is { } block)
        {
            Free(block);
        }

        Count = 0;
    }

    private void Drop(Block block)
    {
        if (_blocks.Count > 1)
        {
            Free(block);
            return;
        }

        // The one that is being filled: usually entries wait only for a moment.
        block.Read = block.Written = 0;
    }

    private void Free(Block block)
    {
        _blocks.RemoveFirst();
        HeldBytes -= block.Bytes.Length;
        ArrayPool<byte>.Shared.Return(block.Bytes);
    }

    private sealed class Block(byte[] bytes)
    {
        public byte[] Bytes { get; } = bytes;

        public int Written { get; set; }

        public int Read { get; set; }
    }
}
