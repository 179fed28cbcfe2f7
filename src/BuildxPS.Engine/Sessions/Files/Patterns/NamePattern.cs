using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>
/// A pattern for one name, as Go's <c>path.Match</c> reads it: <c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[^a-z]</c> and <c>\</c>
/// before what is meant as itself. The language of COPY's sources.
/// </summary>
internal sealed class NamePattern
{
    private readonly RuneProgram _program;

    /// <summary>Compiles a pattern.</summary>
    /// <param name="text">The pattern.</param>
    /// <exception cref="FormatException">It is malformed.</exception>
    public NamePattern(string text) => _program = new RuneProgram([[new RuneItem { Place = RunePlace.Start }, .. Read(text), new RuneItem { Place = RunePlace.End }]]);

    /// <summary>
    /// Checks a pattern as far as the reference does: it compares it with <c>.</c>, and looks at no part behind the first one
    /// that does not match.
    /// </summary>
    /// <param name="text">The pattern; may hold <c>/</c>.</param>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static void Check(string text)
    {
        var (rest, name) = (text, ".");
        while (rest.Length > 0)
        {
            var chunk = NextChunk(ref rest, out var afterStar);
            if (chunk.Length == 0)
            {
                return;
            }

            // What a star stands for is none of the name, or all of it.
            var items = Read(chunk);
            if (Matches(items, name) && (items.Count == name.Length || rest.Length > 0))
            {
                name = name[items.Count..];
            }
            else if (afterStar && name.Length > 0 && items.Count == 0)
            {
                name = "";
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>Whether a name matches.</summary>
    /// <param name="name">The name.</param>
    /// <returns>Whether it does.</returns>
    public bool IsMatch(ReadOnlySpan<char> name) => _program.IsMatch(name);

    /// <summary>Takes what stands before the next star that is not in a set, behind those that it starts with.</summary>
    private static string NextChunk(ref string rest, out bool afterStar)
    {
        var text = rest.TrimStart('*');
        afterStar = text.Length < rest.Length;
        var inSet = false;
        var end = 0;
        for (; end < text.Length && (text[end] != '*' || inSet); end++)
        {
            inSet = text[end] == '[' || (inSet && text[end] != ']');
            end += text[end] == '\\' && end + 1 < text.Length ? 1 : 0;
        }

        rest = text[end..];
        return text[..end];
    }

    private static bool Matches(List<RuneItem> items, string name) =>
        items.Count <= name.Length && items.Zip(name, (item, c) => item.Rune is { } rune ? rune.Value == c : item.Set!.Contains(new Rune(c))).All(m => m);

    private static List<RuneItem> Read(string text)
    {
        var notSlash = RuneSet.AllBut('/');
        var items = new List<RuneItem>();
        var at = 0;
        while (at < text.Length)
        {
            switch (text[at])
            {
                case '*':
                    at++;
                    items.Add(RuneItem.AnyNumberOf(notSlash));
                    break;
                case '?':
                    at++;
                    items.Add(new RuneItem { Set = notSlash });
                    break;
                case '[':
                    items.Add(new RuneItem { Set = ReadSet(text, ref at) });
                    break;
                default:
                    at += text[at] == '\\' ? 1 : 0;
                    items.Add(new RuneItem { Rune = ReadRune(text, ref at) });
                    break;
            }
        }

        return items;
    }

    private static RuneSet ReadSet(string text, ref int at)
    {
        at++;
        var negated = at < text.Length && text[at] == '^';
        at += negated ? 1 : 0;
        var set = new RuneSet { Negated = negated };
        for (var isEmpty = true; at < text.Length && (text[at] != ']' || isEmpty); isEmpty = false)
        {
            var low = ReadSetRune(text, ref at);
            var high = low;
            if (at < text.Length && text[at] == '-')
            {
                at++;
                high = ReadSetRune(text, ref at);
            }

            _ = set.Add(low.Value, high.Value);
        }

        if (at >= text.Length)
        {
            throw new FormatException("a [ has no ]");
        }

        at++;
        return set;
    }

    private static Rune ReadSetRune(string text, ref int at)
    {
        if (at >= text.Length || text[at] is '-' or ']')
        {
            throw new FormatException("a set of characters is malformed");
        }

        at += text[at] == '\\' ? 1 : 0;
        return ReadRune(text, ref at);
    }

    private static Rune ReadRune(string text, ref int at)
    {
        if (at >= text.Length)
        {
            throw new FormatException("nothing follows the last \\");
        }

        _ = Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
        at += length;
        return rune;
    }
}
