using System.Globalization;

namespace BuildxPS.Engine.Images;

/// <summary>Makes text from outside fit for a message.</summary>
internal static class OutsideText
{
    /// <summary>Replaces characters that could steer a terminal or hide text, and cuts what is too long.</summary>
    /// <param name="text">Text from outside.</param>
    /// <param name="maxLength">Longest result, in characters.</param>
    /// <returns>One line.</returns>
    public static string Clean(string? text, int maxLength = 300)
    {
        text ??= "";
        var kept = string.Create(Math.Min(text.Length, maxLength), text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(source[i]) || char.GetUnicodeCategory(source[i]) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                    ? ' '
                    : source[i];
            }
        }).Trim();
        return text.Length > maxLength ? kept + "…" : kept;
    }
}
