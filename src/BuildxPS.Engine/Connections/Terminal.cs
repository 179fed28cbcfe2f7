namespace BuildxPS.Engine.Connections;

/// <summary>Makes text from outside fit to be shown in a message.</summary>
internal static class Terminal
{
    private const int MaxLength = 1000;

    /// <summary>Removes control characters, which could steer a terminal, and cuts what is too long for a message.</summary>
    /// <param name="text">Text from outside.</param>
    /// <returns>One line of at most 1000 characters.</returns>
    public static string Clean(string text)
    {
        var cut = text.Length > MaxLength;
        var kept = string.Create(cut ? MaxLength : text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(source[i]) || char.GetUnicodeCategory(source[i]) == System.Globalization.UnicodeCategory.Format
                    ? ' '
                    : source[i];
            }
        });
        return cut ? kept + "…" : kept.Trim();
    }
}
