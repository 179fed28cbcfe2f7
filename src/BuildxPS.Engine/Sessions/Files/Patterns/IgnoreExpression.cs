using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>
/// The regular expression that the reference makes of an ignore pattern, and what it makes of patterns that need none. It
/// escapes some characters and leaves others alone, so that <c>|</c>, <c>^</c>, <c>{2}</c> or <c>\d</c> in a pattern mean
/// what they mean in an expression, and <c>*</c> and <c>?</c> in a set become part of it.
/// </summary>
internal static class IgnoreExpression
{
    /// <summary>How a pattern is compared.</summary>
    public enum Form
    {
        /// <summary>The path is the pattern.</summary>
        Exact,

        /// <summary>The path starts with the pattern without its last <c>**</c>.</summary>
        Prefix,

        /// <summary>The path ends with the pattern without its first <c>**</c>.</summary>
        Suffix,

        /// <summary>By the expression.</summary>
        Expression,
    }

    /// <summary>Translates a pattern.</summary>
    /// <param name="pattern">The pattern, with <c>/</c> between folders.</param>
    /// <returns>How it is compared, and the expression for that form.</returns>
    public static (Form Form, string Expression) Translate(string pattern)
    {
        var form = Form.Exact;
        var expression = new StringBuilder("^");

        // The reference's scanner skips a byte order mark, but compares with the pattern as it was.
        var start = pattern.StartsWith('\uFEFF') ? 1 : 0;
        for (var at = start; at < pattern.Length; at++)
        {
            var isFirst = at == start;
            switch (pattern[at])
            {
                case '*' when at + 1 < pattern.Length && pattern[at + 1] == '*':
                    at += at + 2 < pattern.Length && pattern[at + 2] == '/' ? 2 : 1;
                    form = AddDoubleStar(expression, at + 1 == pattern.Length, form);

                    // Whatever folders are before: "**/x" and "**x" are compared as ends of the path.
                    form = isFirst ? Form.Suffix : form;
                    break;
                case '*':
                    _ = expression.Append("[^/]*");
                    form = Form.Expression;
                    break;
                case '?':
                    _ = expression.Append("[^/]");
                    form = Form.Expression;
                    break;
                case '.' or '+' or '(' or ')' or '$':
                    _ = expression.Append('\\').Append(pattern[at]);
                    break;
                case '\\' when at + 1 < pattern.Length:
                    at++;
                    _ = expression.Append('\\').Append(pattern[at]);
                    form = Form.Expression;
                    break;
                default:
                    form = pattern[at] is '[' or ']' ? Form.Expression : form;
                    _ = expression.Append(pattern[at]);
                    break;
            }
        }

        return (form, expression.Append('$').ToString());
    }

    private static Form AddDoubleStar(StringBuilder expression, bool isLast, Form form)
    {
        if (isLast && form == Form.Exact)
        {
            return Form.Prefix;
        }

        _ = expression.Append(isLast ? ".*" : "(.*/)?");
        return Form.Expression;
    }
}
