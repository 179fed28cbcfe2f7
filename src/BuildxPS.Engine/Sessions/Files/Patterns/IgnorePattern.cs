using System.Buffers;

namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>One pattern in the language of .dockerignore, compiled.</summary>
internal sealed class IgnorePattern
{
    private static readonly SearchValues<char> s_special = SearchValues.Create("*[]?^\\");

    private readonly IgnoreExpression.Form _form;
    private readonly string _literal;
    private readonly RuneProgram? _program;
    private readonly FormatException? _problem;

    private IgnorePattern(string text, bool isException)
    {
        NamePattern.Check(text);
        Text = text;
        IsException = isException;
        (_form, var expression) = IgnoreExpression.Translate(text);
        _literal = _form switch
        {
            IgnoreExpression.Form.Prefix => text[..^2],
            IgnoreExpression.Form.Suffix => text[2..],
            _ => text,
        };
        if (_form == IgnoreExpression.Form.Expression)
        {
            try
            {
                _program = ExpressionReader.Compile(expression);
            }
            catch (FormatException e)
            {
                _problem = e;
            }
        }
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

    /// <summary>Compiles one pattern. One that cannot be compared with anything fails only when it is, as with the reference.</summary>
    /// <param name="text">The pattern, cleaned.</param>
    /// <param name="isException">Whether it had a <c>!</c>, which is no longer in <paramref name="text"/>.</param>
    /// <returns>The pattern.</returns>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static IgnorePattern Create(string text, bool isException = false) => new(text, isException);

    /// <summary>Fails if the pattern cannot be compared with anything.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.IgnorePatternInvalid"/>.</exception>
    public void Demand()
    {
        if (_problem is not null)
        {
            throw IgnorePatterns.Invalid(IsException ? "!" + Text : Text, _problem);
        }
    }

    /// <summary>Whether a path matches, itself and not by a folder that it lies in.</summary>
    /// <param name="path">The path.</param>
    /// <returns>Whether it matches.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.IgnorePatternInvalid"/>.</exception>
    public bool IsMatch(ReadOnlySpan<char> path)
    {
        switch (_form)
        {
            case IgnoreExpression.Form.Exact:
                return path.SequenceEqual(_literal);
            case IgnoreExpression.Form.Prefix:
                return path.StartsWith(_literal);
            case IgnoreExpression.Form.Suffix:
                return path.EndsWith(_literal) || (_literal.StartsWith('/') && path.SequenceEqual(_literal.AsSpan(1)));
            default:
                Demand();
                return _program!.IsMatch(path);
        }
    }
}
