using System.Buffers.Text;

namespace BuildxPS.Engine.Emulation;

/// <summary>Finds out which QEMU a program is from what its file says of itself. It is not run for that.</summary>
internal static class QemuVersion
{
    private const int BlockLength = 1 << 20;
    private const long MaxLength = 128L << 20;
    private const int LongestNumber = 8;

    /// <summary>Looks for the line that the program would print with <c>--version</c>, like <c>qemu-aarch64 version 7.2.22</c>.</summary>
    /// <param name="path">The program.</param>
    /// <param name="architecture">Whose programs it is to run.</param>
    /// <returns>The major version; null where it is no QEMU for that processor, or does not say.</returns>
    public static int? FindMajor(string path, EmulatedArchitecture architecture)
    {
        var wanted = System.Text.Encoding.ASCII.GetBytes($"{architecture.EntryName} version ");
        var kept = wanted.Length + LongestNumber;
        try
        {
            using var file = File.OpenRead(path);
            var block = new byte[BlockLength + kept];
            var held = 0;
            for (long read = 0; read < MaxLength;)
            {
                var count = file.ReadAtLeast(block.AsSpan(held), block.Length - held, throwOnEndOfStream: false);
                if (Find(block.AsSpan(0, held + count), wanted) is { } major)
                {
                    return major;
                }

                if (held + count < block.Length)
                {
                    return null;
                }

                // What begins at a block's end goes on in the next one.
                block.AsSpan(block.Length - kept).CopyTo(block);
                held = kept;
                read += count;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it does not say.
        }

        return null;
    }

    private static int? Find(ReadOnlySpan<byte> text, ReadOnlySpan<byte> wanted)
    {
        for (int at; (at = text.IndexOf(wanted)) >= 0;)
        {
            text = text[(at + wanted.Length)..];
            if (Utf8Parser.TryParse(text[..Math.Min(text.Length, LongestNumber)], out int major, out var length) && length < text.Length && text[length] == '.')
            {
                return major;
            }
        }

        return null;
    }
}
