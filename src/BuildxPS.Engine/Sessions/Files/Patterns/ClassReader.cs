using System.Globalization;
using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>Reads character classes and escapes of Go's regular expressions: <c>[^a-z\d[:alpha:]]</c>, <c>\pL</c>, <c>\x41</c>.</summary>
internal ref struct ClassReader
{
    private static readonly Dictionary<string, string> s_named = new(StringComparer.Ordinal)
    {
        ["alnum"] = "09AZaz",
        ["alpha"] = "AZaz",
        ["ascii"] = "\0\x7F",
        ["blank"] = "\t\t  ",
        ["cntrl"] = "\0\x1F\x7F\x7F",
        ["digit"] = "09",
        ["graph"] = "!~",
        ["lower"] = "az",
        ["print"] = " ~",
        ["punct"] = "!/:@[`{~",
        ["space"] = "\t\r  ",
        ["upper"] = "AZ",
        ["word"] = "09AZ__az",
        ["xdigit"] = "09AFaf",
    };

    /// <summary>Unicode's short names, in the order of <see cref="UnicodeCategory"/>.</summary>
    private static readonly string[] s_categories =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    private readonly string _text;
    private readonly ref int _at;

    /// <summary>Prepares to read a class.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">Behind the <c>[</c>; moved behind the <c>]</c>.</param>
    public ClassReader(string text, ref int at)
    {
        _text = text;
        _at = ref at;
    }

    private readonly ReadOnlySpan<char> Rest => _text.AsSpan(_at);

    /// <summary>Reads the class.</summary>
    /// <returns>The set.</returns>
    /// <exception cref="FormatException">It is malformed.</exception>
    public readonly RuneSet Read()
    {
        var negated = Rest is ['^', ..];
        _at += negated ? 1 : 0;
        var set = new RuneSet { Negated = negated };
        for (var isFirst = true; isFirst || Rest is not [']', ..]; isFirst = false)
        {
            if (!TryReadNamed(set) && !TryReadEscapedClass(_text, ref _at, set))
            {
                ReadRange(set);
            }
        }

        _at++;
        return set;
    }

    /// <summary>Reads a class that is written as an escape.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">At the <c>\</c>; moved behind the class, if it is one.</param>
    /// <returns>The set, or null if it is none.</returns>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static RuneSet? TryReadClass(string text, ref int at)
    {
        var set = new RuneSet();
        return TryReadEscapedClass(text, ref at, set) ? set : null;
    }

    /// <summary>Reads one character, which may be escaped.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">Where it starts; moved behind it.</param>
    /// <returns>The character.</returns>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static Rune ReadRune(string text, ref int at)
    {
        if (at < text.Length && text[at] == '\\')
        {
            at++;
            return ReadEscaped(text, ref at);
        }

        return Next(text, ref at);
    }

    private readonly void ReadRange(RuneSet set)
    {
        var low = ReadRune(_text, ref _at);
        var high = low;
        if (Rest is ['-', not ']', ..])
        {
            _at++;
            high = ReadRune(_text, ref _at);
            if (high < low)
            {
                throw new FormatException("a range is the wrong way round");
            }
        }

        _ = set.Add(low.Value, high.Value);
    }

    private readonly bool TryReadNamed(RuneSet set)
    {
        var end = Rest.StartsWith("[:") ? Rest[2..].IndexOf(":]") : -1;
        if (end < 0)
        {
            return false;
        }

        var name = Rest.Slice(2, end);
        var negated = name is ['^', ..];
        set.Add(s_named.TryGetValue((negated ? name[1..] : name).ToString(), out var ranges)
            ? ranges
            : throw new FormatException("a class like [:alpha:] has no name that is known"), negated);
        _at += end + 4;
        return true;
    }

    private static bool TryReadEscapedClass(string text, ref int at, RuneSet set)
    {
        if (at + 1 >= text.Length || text[at] != '\\')
        {
            return false;
        }

        var kind = text[at + 1];
        switch (kind)
        {
            case 'd' or 'D':
                set.Add("09", kind == 'D');
                break;
            case 's' or 'S':
                set.Add("\t\n\f\r  ", kind == 'S');
                break;
            case 'w' or 'W':
                set.Add("09AZ__az", kind == 'W');
                break;
            case 'p' or 'P':
                at += 2;
                ReadCategory(text, ref at, set, kind == 'P');
                return true;
            default:
                return false;
        }

        at += 2;
        return true;
    }

    private static void ReadCategory(string text, ref int at, RuneSet set, bool negated)
    {
        var name = Next(text, ref at).ToString();
        if (name == "{")
        {
            var end = text.IndexOf('}', at);
            name = end < 0 ? throw new FormatException(@"a class like \p{Lu} has no }") : text[at..end];
            at = end + 1;
        }

        if (name.StartsWith('^'))
        {
            (name, negated) = (name[1..], !negated);
        }

        set.Add(Category(name) ?? throw new FormatException(@"only Unicode's general categories can stand in a class like \p{Lu}"), negated);
    }

    /// <summary>The characters of a category like <c>Lu</c>, or of all whose names start alike.</summary>
    private static Func<UnicodeCategory, bool>? Category(string name) =>
        name.Length > 0 && Array.Exists(s_categories, c => c.StartsWith(name, StringComparison.Ordinal))
            ? c => s_categories[(int)c].StartsWith(name, StringComparison.Ordinal)
            : null;

    private static Rune ReadEscaped(string text, ref int at)
    {
        if (at >= text.Length)
        {
            throw new FormatException("nothing follows the last \\");
        }

        var rune = Next(text, ref at);
        return rune.Value switch
        {
            'a' => new Rune('\a'),
            'f' => new Rune('\f'),
            'n' => new Rune('\n'),
            'r' => new Rune('\r'),
            't' => new Rune('\t'),
            'v' => new Rune('\v'),
            'x' => ReadHex(text, ref at),
            '0' => ReadOctal(text, ref at, 0),
            >= '1' and <= '7' when at < text.Length && text[at] is >= '0' and <= '7' => ReadOctal(text, ref at, rune.Value - '0'),
            _ => rune.IsAscii && !char.IsAsciiLetterOrDigit((char)rune.Value) ? rune : throw Unknown(),
        };
    }

    private static Rune ReadOctal(string text, ref int at, int value)
    {
        for (var i = 0; i < 2 && at < text.Length && text[at] is >= '0' and <= '7'; i++)
        {
            value = (value * 8) + text[at++] - '0';
        }

        return new Rune(value);
    }

    private static Rune ReadHex(string text, ref int at)
    {
        ReadOnlySpan<char> digits;
        if (at < text.Length && text[at] == '{')
        {
            var end = text.IndexOf('}', at);
            digits = end < 0 ? "" : text.AsSpan(at + 1, end - at - 1).TrimStart('0') is { IsEmpty: false } rest ? rest : text.AsSpan(at + 1, end - at - 1);
            at = end + 1;
        }
        else
        {
            digits = at + 2 <= text.Length ? text.AsSpan(at, 2) : "";
            at += 2;
        }

        return digits.Length is > 0 and <= 6 && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && Rune.IsValid(value)
            ? new Rune(value)
            : throw Unknown();
    }

    private static Rune Next(string text, ref int at)
    {
        if (at >= text.Length)
        {
            throw new FormatException("a [ has no ]");
        }

        _ = Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var length);
        at += length;
        return rune;
    }

    private static FormatException Unknown() => new("a \\ stands before a letter or digit that it gives no meaning; to mean a \\ itself, write two");
}
