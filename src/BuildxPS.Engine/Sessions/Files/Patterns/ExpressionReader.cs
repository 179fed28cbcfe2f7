using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>
/// Reads the regular expressions that <see cref="IgnoreExpression"/> writes, in Go's dialect. Of groups it knows the one
/// that is written there: what users write in parentheses is escaped.
/// </summary>
internal ref struct ExpressionReader
{
    private const string Folders = "(.*/)?";
    private const int MaxRepeat = 1000;

    private readonly string _text;
    private int _at;

    private ExpressionReader(string text) => _text = text;

    private readonly ReadOnlySpan<char> Rest => _text.AsSpan(_at);

    /// <summary>Compiles an expression.</summary>
    /// <param name="expression">The expression.</param>
    /// <returns>The program.</returns>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static RuneProgram Compile(string expression) => new(new ExpressionReader(expression).ReadAlternatives());

    private List<IReadOnlyList<RuneItem>> ReadAlternatives()
    {
        var alternatives = new List<IReadOnlyList<RuneItem>>();
        var items = new List<RuneItem>();
        var mayRepeat = false;
        while (_at < _text.Length)
        {
            if (_text[_at] == '|')
            {
                _at++;
                alternatives.Add(items);
                items = [];
                mayRepeat = false;
            }
            else if (TryReadRepeat(out var minimum, out var maximum))
            {
                items[^1] = mayRepeat
                    ? items[^1] with { Minimum = minimum, Maximum = maximum }
                    : throw new FormatException("nothing that can be repeated stands before a repetition like {2}");
                mayRepeat = false;
            }
            else if (Rest.StartsWith(@"\Q"))
            {
                mayRepeat = ReadQuoted(items) || mayRepeat;
            }
            else
            {
                items.Add(ReadItem());
                mayRepeat = items[^1].Group is null;
            }
        }

        alternatives.Add(items);
        return alternatives;
    }

    private RuneItem ReadItem()
    {
        switch (_text[_at])
        {
            case '^':
                _at++;
                return new RuneItem { Place = RunePlace.Start };
            case '$':
                _at++;
                return new RuneItem { Place = RunePlace.End };
            case '.':
                _at++;
                return new RuneItem { Set = RuneSet.AllBut('\n') };
            case '[':
                _at++;
                return new RuneItem { Set = new ClassReader(_text, ref _at).Read() };
            case '(' when Rest.StartsWith(Folders):
                _at += Folders.Length;
                return new RuneItem { Group = [RuneItem.AnyNumberOf(RuneSet.AllBut('\n')), new RuneItem { Rune = new Rune('/') }], Minimum = 0 };
            case '\\' when Place() is { } place:
                _at += 2;
                return new RuneItem { Place = place };
            case '\\' when ClassReader.TryReadClass(_text, ref _at) is { } set:
                return new RuneItem { Set = set };
            default:
                return new RuneItem { Rune = ClassReader.ReadRune(_text, ref _at) };
        }
    }

    private readonly RunePlace? Place() => _at + 1 == _text.Length ? null : _text[_at + 1] switch
    {
        'A' => RunePlace.Start,
        'z' => RunePlace.End,
        'b' => RunePlace.WordEdge,
        'B' => RunePlace.NoWordEdge,
        _ => null,
    };

    /// <summary>Reads what stands between <c>\Q</c> and <c>\E</c>. Whether there was anything.</summary>
    private bool ReadQuoted(List<RuneItem> items)
    {
        _at += 2;
        var end = _text.IndexOf(@"\E", _at, StringComparison.Ordinal);
        var before = items.Count;
        foreach (var rune in _text[_at..(end < 0 ? _text.Length : end)].EnumerateRunes())
        {
            items.Add(new RuneItem { Rune = rune });
        }

        _at = end < 0 ? _text.Length : end + 2;
        return items.Count > before;
    }

    private bool TryReadRepeat(out int minimum, out int? maximum)
    {
        (minimum, maximum) = (0, null);
        switch (_text[_at])
        {
            case '*':
                _at++;
                return true;
            case '{' when Bounds() is { } bounds:
                _at += bounds.Length;
                (minimum, maximum) = (bounds.Minimum, bounds.Maximum);
                return minimum <= MaxRepeat && !(maximum > MaxRepeat) && !(maximum < minimum)
                    ? true
                    : throw new FormatException("a repetition like {2} is out of range");
            default:
                return false;
        }
    }

    /// <summary>What a brace says if it is a repetition, and how long it is; null if it means itself.</summary>
    private readonly (int Minimum, int? Maximum, int Length)? Bounds()
    {
        var at = _at + 1;
        if (Number(ref at) is not { } minimum)
        {
            return null;
        }

        int? maximum = minimum;
        if (at < _text.Length && _text[at] == ',')
        {
            at++;
            maximum = at < _text.Length && _text[at] == '}' ? null : Number(ref at);
            if (maximum is null && !(at < _text.Length && _text[at] == '}' && _text[at - 1] == ','))
            {
                return null;
            }
        }

        return at < _text.Length && _text[at] == '}' ? (minimum, maximum, at + 1 - _at) : null;
    }

    /// <summary>A number without leading zeros; one that is out of any range becomes the largest.</summary>
    private readonly int? Number(ref int at)
    {
        var start = at;
        while (at < _text.Length && char.IsAsciiDigit(_text[at]))
        {
            at++;
        }

        var digits = _text.AsSpan(start, at - start);
        if (digits.IsEmpty || (digits.Length > 1 && digits[0] == '0'))
        {
            return null;
        }

        return digits.Length < 8 ? int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture) : int.MaxValue;
    }
}
