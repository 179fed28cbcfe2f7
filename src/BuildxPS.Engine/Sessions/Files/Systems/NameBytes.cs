using System.Buffers;
using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>
/// File names as the bytes that Unix has them in. Most are UTF-8; a byte that is not becomes a lone surrogate from U+DC80
/// on, which no UTF-8 gives, so that every name can be text and become its own bytes again (as PEP 383 does it).
/// </summary>
internal static class NameBytes
{
    private const char FirstByte = '\uDC80';
    private const char LastByte = '\uDCFF';

    /// <summary>Most bytes that a text can take.</summary>
    /// <param name="length">Its length, in characters.</param>
    /// <returns>A count of bytes.</returns>
    public static int MaxBytes(int length) => length * 3;

    /// <summary>How many bytes a name has.</summary>
    /// <param name="name">The name.</param>
    /// <returns>What <see cref="Encode"/> gives.</returns>
    public static int Count(ReadOnlySpan<char> name)
    {
        var count = Encoding.UTF8.GetByteCount(name);
        if (!IsRaw(name))
        {
            return count;
        }

        // UTF-8 has three bytes, U+FFFD, for each of ours.
        for (var i = 0; i < name.Length; i++)
        {
            count -= name[i] is >= FirstByte and <= LastByte && (i == 0 || !char.IsHighSurrogate(name[i - 1])) ? 2 : 0;
        }

        return count;
    }

    /// <summary>Whether a name holds bytes that are no UTF-8.</summary>
    /// <param name="name">The name.</param>
    /// <returns>True if <see cref="Encode"/> gives something that is not UTF-8.</returns>
    public static bool IsRaw(ReadOnlySpan<char> name)
    {
        for (var at = name.IndexOfAnyInRange(FirstByte, LastByte); at >= 0;)
        {
            if (at == 0 || !char.IsHighSurrogate(name[at - 1]))
            {
                return true;
            }

            var next = name[(at + 1)..].IndexOfAnyInRange(FirstByte, LastByte);
            at = next < 0 ? -1 : at + 1 + next;
        }

        return false;
    }

    /// <summary>Gives the text of a name.</summary>
    /// <param name="bytes">The name's bytes.</param>
    /// <returns>The text.</returns>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }

        var text = new StringBuilder(bytes.Length);
        Span<char> pair = stackalloc char[2];
        while (bytes.Length > 0)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var used) == OperationStatus.Done)
            {
                text.Append(pair[..rune.EncodeToUtf16(pair)]);
            }
            else
            {
                used = 1;
                text.Append((char)(FirstByte + (bytes[0] - 0x80)));
            }

            bytes = bytes[used..];
        }

        return text.ToString();
    }

    /// <summary>Gives the bytes of a name's text.</summary>
    /// <param name="name">The text.</param>
    /// <param name="bytes">Takes them; <see cref="MaxBytes"/> is enough.</param>
    /// <returns>How many there are.</returns>
    public static int Encode(ReadOnlySpan<char> name, Span<byte> bytes)
    {
        if (!IsRaw(name))
        {
            return Encoding.UTF8.GetBytes(name, bytes);
        }

        var written = 0;
        while (name.Length > 0)
        {
            var used = 1;
            if (name[0] is >= FirstByte and <= LastByte)
            {
                bytes[written++] = (byte)(0x80 + (name[0] - FirstByte));
            }
            else
            {
                _ = Rune.DecodeFromUtf16(name, out var rune, out used);
                written += rune.EncodeToUtf8(bytes[written..]);
            }

            name = name[used..];
        }

        return written;
    }
}
