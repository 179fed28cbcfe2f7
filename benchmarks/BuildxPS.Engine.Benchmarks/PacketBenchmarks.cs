using System.Buffers;
using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Benchmarks;

/// <summary>Packets of file transfers, into a pipe that takes everything, and out of what was written.</summary>
public class PacketBenchmarks
{
    private const int BlockCapacity = 160 * 1024;

    private readonly FileEntry[] _entries = [.. SampleTree.Entries(10_000, 4096)];
    private readonly byte[] _piece = new byte[PacketWriter.PieceLength];
    private byte[] _written = [];

    /// <summary>Writes entries to be read.</summary>
    /// <returns>A task.</returns>
    [GlobalSetup]
    public async Task SetupAsync()
    {
        using var memory = new MemoryStream();
        await WriteAsync(memory, WriteEntriesAsync);
        _written = memory.ToArray();
    }

    /// <summary>10,000 entries of a tree are written.</summary>
    /// <returns>A task.</returns>
    [Benchmark]
    public Task Write10000Entries() => WriteAsync(Stream.Null, WriteEntriesAsync);

    /// <summary>64 MiB of a file are written.</summary>
    /// <returns>A task.</returns>
    [Benchmark]
    public Task Write64MiBOfData() => WriteAsync(Stream.Null, async packets =>
    {
        using var block = new PacketBlock(BlockCapacity);
        for (var i = 0; i < 64 * 1024 * 1024 / PacketWriter.PieceLength; i++)
        {
            if (!block.HasRoomForData(1, PacketWriter.PieceLength))
            {
                await WriteAsync(packets, block);
            }

            _piece.CopyTo(block.RoomForData(1, PacketWriter.PieceLength));
            block.AddData(1, PacketWriter.PieceLength);
        }

        await WriteAsync(packets, block);
    });

    /// <summary>10,000 entries of a tree are read.</summary>
    /// <returns>How many characters their paths have.</returns>
    [Benchmark]
    public int Read10000Entries()
    {
        var length = 0;
        var buffer = new ReadOnlySequence<byte>(_written);
        while (PacketBuffer.TryRead(ref buffer, out var packet))
        {
            length += packet.Stat is { } stat ? Packet.ReadEntry(stat).Path.Length : 0;
        }

        return length;
    }

    private static async Task WriteAsync(Stream stream, Func<PacketWriter, Task> write)
    {
        var pipe = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        using var packets = new PacketWriter(pipe);
        await write(packets);
        await packets.FlushAsync(CancellationToken.None);
        await pipe.CompleteAsync();
    }

    private async Task WriteEntriesAsync(PacketWriter packets)
    {
        using var block = new PacketBlock(BlockCapacity);
        foreach (var entry in _entries)
        {
            if (!block.TryAddEntry(0, entry))
            {
                await WriteAsync(packets, block);
                _ = block.TryAddEntry(0, entry);
            }
        }

        await WriteAsync(packets, block);
    }

    private static async Task WriteAsync(PacketWriter packets, PacketBlock block)
    {
        await packets.WriteAsync([block], CancellationToken.None);
        block.Clear();
    }
}
