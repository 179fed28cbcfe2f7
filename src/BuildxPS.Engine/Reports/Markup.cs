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

    // Where there is no room a text still says what it is about: names are as long.
    private const int MinText = 240;

    private long _written;
    private long _end = long.MaxValue;

    // Where lines may break without a blank being seen.
    private static readonly HashSet<string> s_blocks = new(StringComparer.Ordinal)
    {
        "article", "body", "dd", "details", "div", "footer", "h1", "h2", "h3", "head", "header", "li", "main", "meta", "nav",
        "ol", "p", "pre", "section", "style", "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
    };

    /// <summary>How much has been written, in characters.</summary>
    public long Written => _written;

    /// <summary>How much more there is room for, in characters.</summary>
    public long Room => Math.Max(0, _end - _written);

    /// <summary>Whether there is no room for more: lists end, and of texts only the beginning is written.</summary>
    public bool IsFull => Room == 0;

    /// <summary>Bounds what is written from here on, until it is bounded anew.</summary>
    /// <param name="length">The room, in characters.</param>
    public void Within(long length) => _end = _written + Math.Max(0, length);

    /// <summary>How long a text is once it is escaped.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Its length, in characters.</returns>
    public static int LengthOf(string text)
    {
        var length = 0;
        foreach (var c in text)
        {
            length += LengthOf(c);
        }

        return length;
    }

    /// <summary>Writes the items of a list, as many as there is room for.</summary>
    /// <typeparam name="T">What an item is.</typeparam>
    /// <param name="items">The items.</param>
    /// <param name="most">Most items to write.</param>
    /// <param name="write">Writes one.</param>
    /// <returns>How many are left out, from the end.</returns>
    public int Each<T>(IReadOnlyList<T> items, int most, Action<T> write)
    {
        var count = 0;
        while (count < items.Count && count < most && !IsFull)
        {
            write(items[count++]);
        }

        return items.Count - count;
    }

    /// <summary>Says how many items of a list are left out; nothing where none are.</summary>
    /// <param name="count">How many.</param>
    public void LeftOut(int count)
    {
        if (count > 0)
        {
            Element("p", "note", $"{Labels.Count(count)} more {(count == 1 ? "is" : "are")} left out.");
        }
    }

    /// <summary>Writes markup of this module's own as it is.</summary>
    /// <param name="markup">The markup; nothing from outside.</param>
    public void Raw(string markup) => Put(markup);

    /// <summary>Writes an element.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="style">Its class; null for none.</param>
    /// <param name="content">Writes what is in it.</param>
    /// <param name="attributes">Its other attributes; those without a value are left out.</param>
    public void Element(string name, string? style, Action content, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Open(name, style, attributes);
        Put('>');
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
        Put('>');
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
        Put("/>");
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
        Put('\n');
        foreach (var line in lines)
        {
            Escape(line);
            Put('\n');
        }
    });

    /// <summary>A share as an attribute.</summary>
    /// <param name="value">From 0 to 100.</param>
    /// <returns>For example <c>12.35%</c>.</returns>
    public static string Percent(double value) => value.ToString("0.##", CultureInfo.InvariantCulture) + "%";

    private void Open(string name, string? style, ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Put('<');
        Put(name);
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

        Put(' ');
        Put(name);
        Put("=\"");
        Escape(DisplayText.Line(value, MaxText));
        Put('"');
    }

    private void Close(string name)
    {
        Put("</");
        Put(name);
        Put('>');
        Break(name);
    }

    private void Break(string name)
    {
        if (s_blocks.Contains(name))
        {
            Put('\n');
        }
    }

    private void Put(string text)
    {
        writer.Write(text);
        _written += text.Length;
    }

    private void Put(char c)
    {
        writer.Write(c);
        _written++;
    }

    private void Escape(string text)
    {
        foreach (var c in Fit(text))
        {
            switch (c)
            {
                case '<':
                    Put("&lt;");
                    break;
                case '>':
                    Put("&gt;");
                    break;
                case '&':
                    Put("&amp;");
                    break;
                case '"':
                    Put("&quot;");
                    break;
                case '\'':
                    Put("&#39;");
                    break;
                case '\uFFFE' or '\uFFFF':
                    // No characters at all, and an error in any document.
                    Put('\uFFFD');
                    break;
                default:
                    Put(c);
                    break;
            }
        }
    }

    private string Fit(string text)
    {
        var room = Room;
        for (var i = 0; i < text.Length; i++)
        {
            room -= LengthOf(text[i]);
            if (room < 0 && i >= MinText)
            {
                return DisplayText.Limit(text, i);
            }
        }

        return text;
    }

    private static int LengthOf(char c) => c switch
    {
        '<' or '>' => 4,
        '&' or '\'' => 5,
        '"' => 6,
        _ => 1,
    };
}
