using System.Text;

namespace BuildxPS.Engine.Diagnostics;

/// <summary>Text from an engine, made fit to be shown: no escape codes, no control characters, no endless length.</summary>
internal static class PlainText
{
    private const char Escape = '\u001b';

    /// <summary>Cleans text that is one line.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxLength">Most characters to keep.</param>
    /// <returns>The text without escape codes; line breaks and tabs are blanks.</returns>
    public static string Line(string? text, int maxLength) => Clean(text, maxLength, keepLines: false);

    /// <summary>Cleans text that may have several lines.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxLength">Most characters to keep.</param>
    /// <returns>The text without escape codes; line breaks are <c>\n</c>.</returns>
    public static string Lines(string? text, int maxLength) => Clean(text, maxLength, keepLines: true);

    private static string Clean(string? text, int maxLength, bool keepLines)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        if (text.Length <= maxLength && !text.AsSpan().ContainsAnyInRange('\u0000', '\u001f')
            && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f'))
        {
            return text;
        }

        var result = new StringBuilder(Math.Min(text.Length, maxLength));
        for (var i = 0; i < text.Length; i++)
        {
            if (result.Length >= maxLength)
            {
                // Half of a character that needs two would not be text.
                if (result.Length > 0 && char.IsHighSurrogate(result[^1]))
                {
                    result.Length--;
                }

                return result.Append('…').ToString();
            }

            var c = text[i];
            if (c == Escape)
            {
                i = SkipSequence(text, i);
            }
            else if (c == '\n' || c == '\t')
            {
                result.Append(keepLines ? c : ' ');
            }
            else if (!char.IsControl(c))
            {
                result.Append(c);
            }
        }

        return result.ToString();
    }

    /// <summary>Finds the last character of an escape sequence: CSI, a string (OSC and its kin), or two characters.</summary>
    private static int SkipSequence(string text, int start)
    {
        if (start + 1 >= text.Length)
        {
            return start;
        }

        var i = start + 2;
        switch (text[start + 1])
        {
            case '[':
                while (i < text.Length && text[i] is >= ' ' and < '@')
                {
                    i++;
                }

                return Math.Min(i, text.Length - 1);
            case ']' or 'P' or 'X' or '^' or '_':
                while (i < text.Length && text[i] is not ('\u0007' or Escape or '\n'))
                {
                    i++;
                }

                return i + 1 < text.Length && text[i] == Escape && text[i + 1] == '\\' ? i + 1 : Math.Min(i, text.Length - 1);
            default:
                return start + 1;
        }
    }
}
