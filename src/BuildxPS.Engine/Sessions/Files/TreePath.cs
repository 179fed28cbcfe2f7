using System.Text;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>Rules of the paths in a file tree: <c>/</c>-separated, relative, clean.</summary>
internal static class TreePath
{
    /// <summary>Longest path that is taken from an engine, in characters; Linux itself stops at 4096 bytes.</summary>
    public const int MaxLength = 4096;

    /// <summary>
    /// Compares as the protocol orders entries: by UTF-8 bytes, with <c>/</c> below every other byte, so that a folder is
    /// followed by all that is in it.
    /// </summary>
    /// <param name="left">A path.</param>
    /// <param name="right">A path.</param>
    /// <returns>Less than zero, zero or more than zero.</returns>
    public static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        var at = left.CommonPrefixLength(right);
        if (at == left.Length || at == right.Length)
        {
            return left.Length - right.Length;
        }

        return IsRawAt(left, at) || IsRawAt(right, at) ? CompareBytes(left[at..], right[at..]) : Rank(left[at]) - Rank(right[at]);
    }

    /// <summary>Says what is wrong with a path, or null if it is one that can lie in a tree.</summary>
    /// <param name="path">The path.</param>
    /// <returns>What is wrong, for a message.</returns>
    public static string? Problem(string path)
    {
        if (path.Length == 0)
        {
            return "is empty";
        }

        if (path.Length > MaxLength)
        {
            return "is too long";
        }

        if (path[0] == '/')
        {
            return "is absolute";
        }

        if (path.Contains('\0'))
        {
            return "contains a NUL character";
        }

        foreach (var range in path.AsSpan().Split('/'))
        {
            switch (path.AsSpan()[range])
            {
                case "..":
                    return "leaves the tree";
                case "" or ".":
                    return "is not clean";
            }
        }

        return null;
    }

    /// <summary>The path of the folder that a path lies in; empty for the tree's root.</summary>
    /// <param name="path">A clean path.</param>
    /// <returns>The parent.</returns>
    public static ReadOnlySpan<char> Parent(ReadOnlySpan<char> path)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 ? [] : path[..slash];
    }

    /// <summary>The last part of a path.</summary>
    /// <param name="path">A clean path.</param>
    /// <returns>The name in its folder.</returns>
    public static ReadOnlySpan<char> Name(ReadOnlySpan<char> path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>The shortest equal path: what Go's <c>path.Clean</c> gives.</summary>
    /// <param name="path">Any path.</param>
    /// <returns>The clean path; <c>.</c> if nothing is left.</returns>
    public static string Clean(string path)
    {
        var rooted = path.StartsWith('/');
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count > 0 && parts[^1] != "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (!rooted)
            {
                parts.Add(part);
            }
        }

        var joined = string.Join('/', parts);
        return rooted ? "/" + joined : joined.Length == 0 ? "." : joined;
    }

    /// <summary>
    /// Makes text from outside safe to show: control characters and bytes that are no text (see <see cref="NameBytes"/>) are
    /// escaped, and it is cut where it is long.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <returns>The text for a message.</returns>
    public static string Show(string text)
    {
        var shown = new StringBuilder();
        var previous = '\0';
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, 256)))
        {
            _ = char.IsControl(c) ? shown.Append($"\\u{(int)c:x4}")
                : c is >= '\uDC80' and <= '\uDCFF' && !char.IsHighSurrogate(previous) ? shown.Append($"\\x{c & 0xFF:x2}")
                : shown.Append(c);
            previous = c;
        }

        return text.Length > 256 ? shown.Append('…').ToString() : shown.ToString();
    }

    private static bool IsRawAt(ReadOnlySpan<char> path, int at) =>
        path[at] is >= '\uDC80' and <= '\uDCFF' && (at == 0 || !char.IsHighSurrogate(path[at - 1]));

    private static int CompareBytes(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        var (leftBytes, rightBytes) = (Bytes(left), Bytes(right));
        return leftBytes.AsSpan().SequenceCompareTo(rightBytes);

        // No path has a zero in it.
        static byte[] Bytes(ReadOnlySpan<char> path)
        {
            var bytes = new byte[NameBytes.Count(path)];
            _ = NameBytes.Encode(path, bytes);
            bytes.AsSpan().Replace((byte)'/', (byte)0);
            return bytes;
        }
    }

    // UTF-16 puts surrogates, which stand for the highest code points, below U+E000 to U+FFFF; UTF-8 does not.
    private static int Rank(char c) => c switch
    {
        '/' => -1,
        >= '\uE000' => c,
        >= '\uD800' => c + 0x10000,
        _ => c,
    };
}
