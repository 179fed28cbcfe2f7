using System.Buffers.Binary;
using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Drivers;

/// <summary>Reads what a daemon sends of a container's log.</summary>
internal static class ContainerLog
{
    /// <summary>Takes the log's pieces out of their frames.</summary>
    /// <param name="content">The log as it comes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The last of it, at most 4 KiB.</returns>
    public static async Task<string> ReadTailAsync(Stream content, CancellationToken cancellationToken)
    {
        var tail = new TextTail();
        var header = new byte[8];
        var piece = new byte[4096];
        while (await content.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) == header.Length)
        {
            for (long left = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)); left > 0;)
            {
                var read = await content.ReadAsync(piece.AsMemory(0, (int)Math.Min(left, piece.Length)), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    return tail.ToString();
                }

                tail.Add(piece.AsSpan(0, read));
                left -= read;
            }
        }

        return tail.ToString();
    }
}
