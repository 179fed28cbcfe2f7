using System.Buffers;
using System.Text;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// One pattern in the language of .dockerignore, compiled. Matching takes time in proportion to pattern and path, whatever
/// the pattern: it runs all alternatives side by side and never goes back.
/// </summary>
internal sealed class IgnorePattern
{
    private static readonly SearchValues<char> s_special = SearchValues.Create("*[]?^\\");

    private readonly Kind _kind;
    private readonly string _literal;
    private readonly List<Token> _tokens = [];

    private IgnorePattern(string text, bool isException)
    {
        Text = text;
        IsException = isException;
        _kind = Compile(text, out _literal);
    }

    private enum Kind
    {
        Exact,
        Prefix,
        Suffix,
        Tokens,
    }

    private enum TokenKind
    {
        Rune,
        AnyInName,
        StarInName,
        AnyToEnd,
        MaybeFolders,
        FoldersToSlash,
        Set,
    }

    /// <summary>The cleaned pattern, without <c>!</c>.</summary>
    public string Text { get; }

    /// <summary>Whether it brings back what an earlier pattern matched.</summary>
    public bool IsException { get; }

    /// <summary>The pattern without a last <c>/*</c> or <c>/**</c>, with a <c>/</c> behind it.</summary>
    public string FolderPrefix
    {
        get
        {
            var text = Text.EndsWith("/**", StringComparison.Ordinal) ? Text[..^3] : Text;
            return (text.EndsWith("/*", StringComparison.Ordinal) ? text[..^2] : text) + "/";
        }
    }

    /// <summary>Whether <see cref="FolderPrefix"/> is plain text, so that a folder can be left out by comparing it.</summary>
    public bool IsPlainPrefix => !FolderPrefix.AsSpan().ContainsAny(s_special);

    /// <summary>Compiles one pattern.</summary>
    /// <param name="text">The pattern, cleaned.</param>
    /// <param name="isException">Whether it had a <c>!</c>, which is no longer in <paramref name="text"/>.</param>
    /// <returns>The pattern.</returns>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static IgnorePattern Create(string text, bool isException = false) => new(text, isException);

    /// <summary>Whether a path matches, itself and not by a folder that it lies in.</summary>
    /// <param name="path">The path.</param>
    /// <returns>Whether it matches.</returns>
    public bool IsMatch(ReadOnlySpan<char> path) => _kind switch
    {
        Kind.Exact => path.SequenceEqual(_literal),
        Kind.Prefix => path.StartsWith(_literal),
        Kind.Suffix => path.EndsWith(_literal) || (_literal.StartsWith('/') && path.SequenceEqual(_literal.AsSpan(1))),
        _ => MatchTokens(path),
    };

    private Kind Compile(string text, out string literal)
    {
        var kind = Kind.Exact;
        literal = text;
        var at = 0;
        while (at < text.Length)
        {
            switch (text[at])
            {
                case '*' when at + 1 < text.Length && text[at + 1] == '*':
                    var first = at == 0;
                    at += 2;
                    at += at < text.Length && text[at] == '/' ? 1 : 0;
                    kind = AddDoubleStar(text, at, kind);

                    // As in the reference: "**/x" and "**x" are compared as ends of the path, whatever folders are before.
                    if (first)
                    {
                        kind = Kind.Suffix;
                        literal = text[2..];
                    }

                    break;
                case '*':
                    _tokens.Add(new Token(TokenKind.StarInName));
                    kind = Kind.Tokens;
                    at++;
                    break;
                case '?':
                    _tokens.Add(new Token(TokenKind.AnyInName));
                    kind = Kind.Tokens;
                    at++;
                    break;
                case '[':
                    _tokens.Add(ReadSet(text, ref at));
                    kind = Kind.Tokens;
                    break;
                case '\\':
                    at++;
                    _tokens.Add(new Token(TokenKind.Rune) { Rune = ReadRune(text, ref at) });
                    kind = Kind.Tokens;
                    break;
                default:
                    kind = text[at] == ']' ? Kind.Tokens : kind;
                    _tokens.Add(new Token(TokenKind.Rune) { Rune = ReadRune(text, ref at) });
                    break;
            }
        }

        literal = kind == Kind.Prefix ? text[..^2] : literal;
        return kind;
    }

    private Kind AddDoubleStar(string text, int next, Kind kind)
    {
        if (next < text.Length)
        {
            _tokens.Add(new Token(TokenKind.MaybeFolders));
            _tokens.Add(new Token(TokenKind.FoldersToSlash));
            return Kind.Tokens;
        }

        _tokens.Add(new Token(TokenKind.AnyToEnd));
        return kind == Kind.Exact ? Kind.Prefix : Kind.Tokens;
    }

    private static Token ReadSet(string text, ref int at)
    {
        at++;
        var negated = at < text.Length && text[at] == '^';
        at += negated ? 1 : 0;
        var ranges = new List<(Rune Low, Rune High)>();
        while (at < text.Length && (text[at] != ']' || ranges.Count == 0))
        {
            var low = ReadSetRune(text, ref at);
            var high = low;
            if (at < text.Length && text[at] == '-')
            {
                at++;
                high = ReadSetRune(text, ref at);
            }

            if (low > high)
            {
                throw new FormatException("a range is the wrong way round");
            }

            ranges.Add((low, high));
        }

        if (at >= text.Length)
        {
            throw new FormatException("a [ has no ]");
        }

        at++;
        return new Token(TokenKind.Set) { Ranges = ranges, Negated = negated };
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

    private bool MatchTokens(ReadOnlySpan<char> path)
    {
        var count = _tokens.Count;
        Span<bool> current = count < 256 ? stackalloc bool[count + 1] : new bool[count + 1];
        Span<bool> next = count < 256 ? stackalloc bool[count + 1] : new bool[count + 1];
        current.Clear();
        Enter(current, 0);
        while (!path.IsEmpty)
        {
            _ = Rune.DecodeFromUtf16(path, out var rune, out var length);
            path = path[length..];
            next.Clear();
            var alive = false;
            for (var i = 0; i < count; i++)
            {
                if (current[i])
                {
                    alive |= Step(i, rune, next);
                }
            }

            if (!alive)
            {
                return false;
            }

            var swap = current;
            current = next;
            next = swap;
        }

        return current[count];
    }

    private bool Step(int at, Rune rune, Span<bool> next)
    {
        var token = _tokens[at];
        switch (token.Kind)
        {
            case TokenKind.StarInName when rune.Value != '/':
            case TokenKind.AnyToEnd when rune.Value != '\n':
                Enter(next, at);
                return true;
            case TokenKind.FoldersToSlash when rune.Value != '\n':
                next[at] = true;
                if (rune.Value == '/')
                {
                    Enter(next, at + 1);
                }

                return true;
            case TokenKind.Rune when rune == token.Rune:
            case TokenKind.AnyInName when rune.Value != '/':
            case TokenKind.Set when token.Contains(rune):
                Enter(next, at + 1);
                return true;
            default:
                return false;
        }
    }

    private void Enter(Span<bool> states, int at)
    {
        states[at] = true;
        while (at < _tokens.Count)
        {
            switch (_tokens[at].Kind)
            {
                case TokenKind.StarInName or TokenKind.AnyToEnd:
                    states[++at] = true;
                    break;
                case TokenKind.MaybeFolders:
                    states[at + 1] = true;
                    at += 2;
                    states[at] = true;
                    break;
                default:
                    return;
            }
        }
    }

    private sealed record Token(TokenKind Kind)
    {
        public Rune Rune { get; init; }

        public IReadOnlyList<(Rune Low, Rune High)> Ranges { get; init; } = [];

        public bool Negated { get; init; }

        public bool Contains(Rune rune)
        {
            foreach (var (low, high) in Ranges)
            {
                if (rune >= low && rune <= high)
                {
                    return !Negated;
                }
            }

            return Negated;
        }
    }
}
