using System.Text;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>What the first bytes of a stream say that it is.</summary>
internal static class ArchiveHead
{
    /// <summary>Bytes that engines, and buildx, look at.</summary>
    public const int Length = 2 * BlockLength;

    private const int BlockLength = 512;
    private const int ChecksumAt = 148;
    private const int ChecksumLength = 8;
    private const int KindAt = 156;

    private static readonly byte[][] s_unpacked = ["BZh"u8.ToArray(), [0x1F, 0x8B, 0x08], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]];

    private static readonly (byte[] Magic, string Name)[] s_others =
    [
        ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ("PK\x03\x04"u8.ToArray(), "zip"), ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "7z"),
    ];

    /// <summary>
    /// A block that tar programs pass over, with one more for its comment. An archive that begins with a long name or with
    /// extended attributes is none to an engine, since their entry ends beyond the bytes that it looks at; behind this one it is.
    /// </summary>
    public static ReadOnlyMemory<byte> GlobalHeader { get; } = CreateGlobalHeader();

    /// <summary>Whether it is an archive that engines unpack: tar, by itself or in gzip, bzip2 or xz.</summary>
    /// <param name="head">The first bytes.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsArchive(ReadOnlySpan<byte> head)
    {
        foreach (var magic in s_unpacked)
        {
            if (head.StartsWith(magic))
            {
                return true;
            }
        }

        return IsTar(head);
    }

    /// <summary>Whether engines see that it is an archive only behind <see cref="GlobalHeader"/>.</summary>
    /// <param name="head">The first bytes of what <see cref="IsArchive"/>.</param>
    /// <returns>Whether it begins with an entry that only tells of the next one.</returns>
    public static bool NeedsGlobalHeader(ReadOnlySpan<byte> head) => IsTar(head) && head[KindAt] is (byte)'x' or (byte)'L' or (byte)'K';

    /// <summary>The kind of an archive that engines do not unpack.</summary>
    /// <param name="head">The first bytes.</param>
    /// <returns>Its name; null for anything else.</returns>
    public static string? OtherKind(ReadOnlySpan<byte> head)
    {
        foreach (var (magic, name) in s_others)
        {
            if (head.StartsWith(magic))
            {
                return name;
            }
        }

        return null;
    }

    private static bool IsTar(ReadOnlySpan<byte> head)
    {
        if (head.Length < BlockLength || !TryReadOctal(head.Slice(ChecksumAt, ChecksumLength), out var expected))
        {
            return false;
        }

        // Old programs added the bytes up as signed ones.
        var (unsigned, signed) = (0, 0);
        for (var i = 0; i < BlockLength; i++)
        {
            var b = i is >= ChecksumAt and < ChecksumAt + ChecksumLength ? (byte)' ' : head[i];
            unsigned += b;
            signed += (sbyte)b;
        }

        return expected == unsigned || expected == signed;
    }

    private static bool TryReadOctal(ReadOnlySpan<byte> field, out int value)
    {
        value = 0;
        field = field.Trim(" \0"u8);
        foreach (var digit in field)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return false;
            }

            value = (value * 8) + digit - '0';
        }

        return !field.IsEmpty;
    }

    private static byte[] CreateGlobalHeader()
    {
        const string comment = "15 comment=bxp\n";
        var blocks = new byte[2 * BlockLength];
        Write(0, "pax_global_header");
        Write(100, "0000644\0" + "0000000\0" + "0000000\0" + Convert.ToString(comment.Length, 8).PadLeft(11, '0') + "\0" + "00000000000\0" + "        " + "g");
        Write(257, "ustar\0" + "00");
        var sum = blocks.AsSpan(0, BlockLength).ToArray().Sum(b => b);
        Write(ChecksumAt, Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ");
        Write(BlockLength, comment);
        return blocks;

        void Write(int at, string text) => Encoding.ASCII.GetBytes(text).CopyTo(blocks, at);
    }
}
