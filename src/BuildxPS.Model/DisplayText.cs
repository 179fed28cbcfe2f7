using System.Text;

namespace BuildxPS;

/// <summary>
/// Makes text from outside (an engine, a build, a registry, a file of another program) harmless for a terminal and for
/// a pipeline's log: no escape codes, no control characters, no command of a CI system.
/// </summary>
public static class DisplayText
{
    /// <summary>More than anyone reads in one line of a message.</summary>
    private const int DefaultLength = 1000;

    private const char Escape = '\u001b';
    private const char Bell = '\u0007';
    private const char StringTerminator = '\u009c';

    /// <summary>Cleans one line, whatever its length. Tabs stay; line breaks become blanks.</summary>
    /// <param name="line">The line.</param>
    /// <returns>The line itself where nothing had to go.</returns>
    public static string Clean(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return Defuse(IsPlain(line) ? line : Strip(line));
    }

    /// <summary>Cleans one line that may stand by itself in a log: GitHub takes one that begins with two colons for a command.</summary>
    /// <param name="line">The line.</param>
    /// <returns>The line itself where nothing had to go.</returns>
    public static string CleanWhole(string line)
    {
        var clean = Clean(line);
        return clean.AsSpan().TrimStart().StartsWith("::") ? clean.Replace("::", ": :", StringComparison.Ordinal) : clean;
    }

    /// <summary>Cleans text that is to be part of one line.</summary>
    /// <param name="text">The text; null is empty.</param>
    /// <param name="maxLength">Most characters to keep, at least 2.</param>
    /// <returns>One line without tabs, with an ellipsis where it was cut.</returns>
    public static string Line(string? text, int maxLength = DefaultLength)
    {
        var line = Limit(Clean(Head(text, maxLength)).Replace('\t', ' ').Trim(), maxLength);
        // A command of GitHub's, where the line begins with it.
        return line.StartsWith("::", StringComparison.Ordinal) ? ": " + line[1..] : line;
    }

    /// <summary>Cleans a text of several lines.</summary>
    /// <param name="text">The text; null is empty.</param>
    /// <param name="maxLength">Most characters to keep, at least 2.</param>
    /// <returns>Its lines, each cleaned, with <c>\n</c> between them.</returns>
    public static string Lines(string? text, int maxLength)
        => Limit(string.Join('\n', CleanLines(Head(text, maxLength))), maxLength);

    /// <summary>Cleans a text of several lines.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Its lines, each cleaned.</returns>
    public static IReadOnlyList<string> CleanLines(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. text.ReplaceLineEndings("\n").Split('\n').Select(Clean)];
    }

    /// <summary>Cuts a text that is longer than anyone would read.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxLength">Most characters to keep, at least 2.</param>
    /// <returns>The text, with an ellipsis where it was cut.</returns>
    public static string Limit(string text, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= maxLength)
        {
            return text;
        }

        var end = char.IsHighSurrogate(text[maxLength - 2]) ? maxLength - 2 : maxLength - 1;
        return text[..end] + "…";
    }

    // Escape codes are removed before the text is cut, so some more is looked at; how much more has a bound.
    private static string Head(string? text, int maxLength)
        => text is null ? "" : text.Length / 8 > maxLength ? text[..(maxLength * 8)] : text;

    private static bool IsPlain(string line)
    {
        foreach (var c in line)
        {
            if (IsUnwanted(c))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsUnwanted(char c)
        => (c < ' ' && c != '\t')
        || c is (>= '\u007f' and <= '\u009f') or '\u2028' or '\u2029'
            // Marks that reorder what stands beside them: a line could show other words than it has.
            or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    private static string Strip(string line)
    {
        var result = new StringBuilder(line.Length);
        for (var at = 0; at < line.Length; at++)
        {
            var c = line[at];
            if (c == Escape)
            {
                at = EndOfEscape(line, at);
            }
            else if (c == '\u009b')
            {
                at = EndOfControlSequence(line, at + 1);
            }
            else if (c is '\u0090' or '\u0098' or '\u009d' or '\u009e' or '\u009f')
            {
                at = EndOfString(line, at + 1);
            }
            else if (c is '\n' or '\r' or '\u2028' or '\u2029')
            {
                result.Append(' ');
            }
            else if (!IsUnwanted(c))
            {
                result.Append(c);
            }
        }

        return result.ToString();
    }

    private static int EndOfEscape(string line, int at)
    {
        var next = at + 1 < line.Length ? line[at + 1] : '\0';
        switch (next)
        {
            case '[':
                return EndOfControlSequence(line, at + 2);
            case ']' or 'P' or 'X' or '^' or '_':
                return EndOfString(line, at + 2);
            case >= ' ' and <= '/':
                // Intermediates, then one final character: character sets and the like.
                var end = at + 1;
                while (end < line.Length && line[end] is >= ' ' and <= '/')
                {
                    end++;
                }

                return end;
            case >= '0' and <= '~':
                return at + 1;
            default:
                return at;
        }
    }

    private static int EndOfControlSequence(string line, int at)
    {
        while (at < line.Length && line[at] is >= ' ' and <= '?')
        {
            at++;
        }

        // A character that cannot end the sequence is not part of it.
        return at < line.Length && line[at] is >= '@' and <= '~' ? at : at - 1;
    }

    private static int EndOfString(string line, int at)
    {
        for (; at < line.Length; at++)
        {
            if (line[at] is Bell or StringTerminator)
            {
                return at;
            }

            if (line[at] == Escape)
            {
                return at + 1 < line.Length && line[at + 1] == '\\' ? at + 1 : at - 1;
            }
        }

        return at;
    }

    private static string Defuse(string line)
    {
        // Azure DevOps and GitHub find these anywhere in a line, not only where it begins.
        if (!line.Contains("##", StringComparison.Ordinal))
        {
            return line;
        }

        return line
            .Replace("##vso[", "# #vso[", StringComparison.OrdinalIgnoreCase)
            .Replace("##[", "# #[", StringComparison.Ordinal);
    }
}
