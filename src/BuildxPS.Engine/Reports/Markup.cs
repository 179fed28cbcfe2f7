using System.Globalization;

namespace BuildxPS.Engine.Reports;

/// <summary>
/// Writes elements that are always closed, and text that is always escaped: whatever a build printed, it is read as text.
/// What it writes is XML, too.
/// </summary>
internal sealed class Markup(TextWriter writer)
{
    /// <summary>Longer texts are cut: nobody reads them, and a hostile engine has many.</summary>
    public const int MaxText = 4000;

    // Where lines may break without a blank being seen.
    private static readonly HashSet<string> s_blocks = new(StringComparer.Ordinal)
    {
        "article", "body", "dd", "details", "div", "footer", "h1", "h2", "h3", "head", "header", "li", "main", "meta", "nav",
        "ol", "p", "pre", "section", "style", "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
    };

    /// <summary>Writes markup of this module's own as it is.</summary>
    /// <param name="markup">The markup; nothing from outside.</param>
    public void Raw(string markup) => writer.Write(markup);

    /// <summary>Writes an element.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="style">Its class; null for none.</param>
    /// <param name="content">Writes what is in it.</param>
    /// <param name="attributes">Its other attributes; those without a value are left out.</param>
    public void Element(string name, string? style, Action content, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Open(name, style, attributes);
        writer.Write('>');
        content();
        Close(name);
    }

    /// <summary>Writes an element that holds one line of text.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="style">Its class; null for none.</param>
    /// <param name="text">The text.</param>
    /// <param name="attributes">Its other attributes; those without a value are left out.</param>
    public void Element(string name, string? style, string? text, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Open(name, style, attributes);
        writer.Write('>');
        Text(text);
        Close(name);
    }

    /// <summary>Writes an element that holds nothing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="style">Its class; null for none.</param>
    /// <param name="attributes">Its other attributes; those without a value are left out.</param>
    public void Empty(string name, string? style, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Open(name, style, attributes);
        writer.Write("/>");
        Break(name);
    }

    /// <summary>Writes one line of text.</summary>
    /// <param name="text">The text; null is empty.</param>
    public void Text(string? text) => Escape(DisplayText.Line(text, MaxText));

    /// <summary>Writes text whose blanks and line breaks are kept.</summary>
    /// <param name="text">The text, clean.</param>
    public void Plain(string text) => Escape(text);

    /// <summary>Writes lines as they are, one below the other.</summary>
    /// <param name="lines">The lines, each clean.</param>
    /// <param name="style">A class for the block.</param>
    public void Lines(IEnumerable<string> lines, string style) => Element("pre", style, () =>
    {
        // The first line break in such an element is not shown; one of the text's own would be lost.
        writer.Write('\n');
        foreach (var line in lines)
        {
            Escape(line);
            writer.Write('\n');
        }
    });

    /// <summary>A share as an attribute.</summary>
    /// <param name="value">From 0 to 100.</param>
    /// <returns>For example <c>12.35%</c>.</returns>
    public static string Percent(double value) => value.ToString("0.##", CultureInfo.InvariantCulture) + "%";

    private void Open(string name, string? style, ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        writer.Write('<');
        writer.Write(name);
        Attribute("class", style);
        foreach (var (attribute, value) in attributes)
        {
            Attribute(attribute, value);
        }
    }

    private void Attribute(string name, string? value)
    {
        if (value is null)
        {
            return;
        }

        writer.Write(' ');
        writer.Write(name);
        writer.Write("=\"");
        Escape(DisplayText.Line(value, MaxText));
        writer.Write('"');
    }

    private void Close(string name)
    {
        writer.Write("</");
        writer.Write(name);
        writer.Write('>');
        Break(name);
    }

    private void Break(string name)
    {
        if (s_blocks.Contains(name))
        {
            writer.Write('\n');
        }
    }

    private void Escape(string text)
    {
        foreach (var c in text)
        {
            switch (c)
            {
                case '<':
                    writer.Write("&lt;");
                    break;
                case '>':
                    writer.Write("&gt;");
                    break;
                case '&':
                    writer.Write("&amp;");
                    break;
                case '"':
                    writer.Write("&quot;");
                    break;
                case '\'':
                    writer.Write("&#39;");
                    break;
                case '\uFFFE' or '\uFFFF':
                    // No characters at all, and an error in any document.
                    writer.Write('\uFFFD');
                    break;
                default:
                    writer.Write(c);
                    break;
            }
        }
    }
}
