using System.Globalization;

namespace BuildxPS;

/// <summary>Text from outside for people: it can neither steer a terminal nor start a command of a CI system.</summary>
public static class DisplayText
{
    /// <summary>Cleans a text that is shown on one line; what was sent stays in the object.</summary>
    /// <param name="text">The text; null gives an empty one.</param>
    /// <param name="maxLength">Most characters that are shown.</param>
    /// <returns>One line without control and format characters, with an ellipsis where it was cut.</returns>
    public static string Clean(string? text, int maxLength = 200)
    {
        text ??= "";
        var line = string.Create(Math.Min(text.Length, maxLength), text, static (kept, source) =>
        {
            for (var i = 0; i < kept.Length; i++)
            {
                kept[i] = IsHarmless(source[i]) ? source[i] : ' ';
            }
        }).Trim();

        // Azure DevOps finds its commands anywhere in a line, GitHub at the first character that is no blank.
        line = line.Replace("##", "# #", StringComparison.Ordinal);
        return (line.StartsWith("::", StringComparison.Ordinal) ? ": " + line[1..] : line) + (text.Length > maxLength ? "…" : "");
    }

    private static bool IsHarmless(char c) => char.GetUnicodeCategory(c)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
