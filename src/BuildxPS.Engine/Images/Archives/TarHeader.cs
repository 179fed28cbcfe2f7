using System.Buffers.Binary;
using System.Text;

namespace BuildxPS.Engine.Images.Archives;

/// <summary>The head of a plain file in a tar archive.</summary>
internal static class TarHeader
{
    /// <summary>Heads and contents of files are filled up to whole blocks.</summary>
    public const int Block = 512;

    private const long MaxOctal = 0x1FFFFFFFF;

    /// <summary>Makes a head.</summary>
    /// <param name="name">The file's name, in ASCII, at most 100 characters.</param>
    /// <param name="size">Its bytes.</param>
    /// <returns>One block.</returns>
    public static byte[] Create(string name, long size)
    {
        var head = new byte[Block];
        Encoding.ASCII.GetBytes(name, head);
        Octal(head.AsSpan(100, 8), 0x1A4);
        Octal(head.AsSpan(108, 8), 0);
        Octal(head.AsSpan(116, 8), 0);
        if (size <= MaxOctal)
        {
            Octal(head.AsSpan(124, 12), size);
        }
        else
        {
            // What octal digits cannot hold is binary, as GNU tar and Go write it.
            head[124] = 0x80;
            BinaryPrimitives.WriteInt64BigEndian(head.AsSpan(128, 8), size);
        }

        Octal(head.AsSpan(136, 12), 0);
        head.AsSpan(148, 8).Fill((byte)' ');
        head[156] = (byte)'0';
        "ustar\0"u8.CopyTo(head.AsSpan(257));
        "00"u8.CopyTo(head.AsSpan(263));
        var sum = 0L;
        foreach (var b in head)
        {
            sum += b;
        }

        Octal(head.AsSpan(148, 7), sum);
        return head;
    }

    /// <summary>How many bytes fill up a file's last block.</summary>
    /// <param name="size">The file's bytes.</param>
    /// <returns>Less than a block.</returns>
    public static int PaddingOf(long size) => (int)((Block - (size % Block)) % Block);

    private static void Octal(Span<byte> field, long value)
    {
        field[^1] = 0;
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (value & 7));
            value >>= 3;
        }
    }
}
