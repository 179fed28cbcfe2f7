using System.Globalization;

namespace BuildxPS.Engine.Reports;

/// <summary>Writes a place in a file, with the lines around it.</summary>
internal static class SourceBlock
{
    private const int Margin = 2;
    private const int MaxLines = 30;
    private const int MaxLine = 500;

    /// <summary>Writes the place.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="source">The place; only its name where the text is not known.</param>
    public static void Write(Markup page, SourceExcerpt source) => page.Element("div", "source", () =>
    {
        page.Element("p", "place", source.ToString());
        if (source.Text.Length > 0)
        {
            page.Element("pre", "lines", () => WriteLines(page, source), ("tabindex", "0"), ("role", "region"), ("aria-label", $"Lines of {source.FileName}"));
        }
    });

    private static void WriteLines(Markup page, SourceExcerpt source)
    {
        page.Raw("\n");
        var number = 0;
        var last = Math.Min(source.LastLine, source.FirstLine + MaxLines - 1);
        // Behind the end of the last line there is no other one.
        foreach (var line in source.Text.AsSpan().TrimEnd("\r\n").EnumerateLines())
        {
            number++;
            if (number > last + Margin || page.IsFull)
            {
                break;
            }

            if (number >= source.FirstLine - Margin)
            {
                WriteLine(page, number, line, isMarked: number >= source.FirstLine && number <= last);
            }
        }

        if (last < source.LastLine || page.IsFull)
        {
            page.Element("span", "line note", $"… to line {source.LastLine}");
        }
    }

    private static void WriteLine(Markup page, int number, ReadOnlySpan<char> line, bool isMarked)
    {
        var text = DisplayText.Limit(DisplayText.Clean(line[..Math.Min(line.Length, MaxLine * 8)].ToString()), MaxLine);
        page.Element(isMarked ? "mark" : "span", "line", () =>
        {
            page.Element("span", "gutter", () => page.Plain((isMarked ? "›" : " ") + number.ToString(CultureInfo.InvariantCulture).PadLeft(4)));
            page.Plain(text);
        });
        page.Raw("\n");
    }
}
