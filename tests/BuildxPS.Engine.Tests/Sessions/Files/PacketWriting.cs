using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Tests;

/// <summary>Packets one by one, as a test that plays an engine wants to write them.</summary>
internal static class PacketWriting
{
    public static ValueTask WriteEntryAsync(this PacketWriter output, FileEntry entry, CancellationToken cancellationToken)
        => WriteAsync(output, block => Assert.True(block.TryAddEntry(0, entry)), cancellationToken);

    public static ValueTask WriteEndOfEntriesAsync(this PacketWriter output, CancellationToken cancellationToken)
        => WriteAsync(output, block => block.AddEndOfEntries(), cancellationToken);

    public static ValueTask WriteDataAsync(this PacketWriter output, uint id, ReadOnlyMemory<byte> data, bool isLast, CancellationToken cancellationToken)
        => WriteAsync(
            output,
            block =>
            {
                for (var rest = data; !rest.IsEmpty;)
                {
                    var length = Math.Min(rest.Length, PacketWriter.PieceLength);
                    rest[..length].Span.CopyTo(block.RoomForData(id, length));
                    block.AddData(id, length);
                    rest = rest[length..];
                }

                if (isLast)
                {
                    block.AddEndOfData(id);
                }
            },
            cancellationToken);

    private static async ValueTask WriteAsync(PacketWriter output, Action<PacketBlock> fill, CancellationToken cancellationToken)
    {
        using var block = new PacketBlock(1024);
        fill(block);
        await output.WriteAsync([block], cancellationToken);
    }
}
