using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace BuildxPS;

/// <summary>What the views write in more than one place. Values may have come back from <c>Import-Clixml</c>, as objects without methods.</summary>
public static class ViewText
{
    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss";

    /// <summary>
    /// A status in its colour; the output's rendering takes colours out where they are not wanted. Taken as PowerShell's own object,
    /// which knows the name of a value that came back as a number.
    /// </summary>
    /// <param name="status">A builder's, a node's, a build's or a step's status, or a truth.</param>
    /// <returns>The status.</returns>
    public static string Status(PSObject? status)
    {
        var (text, style) = (status?.ToString() ?? "", PSStyle.Instance);
        return text switch
        {
            "" => "",
            "Running" or "Completed" or "True" or "Native" => style.Foreground.Green + text + style.Reset,
            "Cached" or "Emulated" => style.Foreground.Cyan + text + style.Reset,
            // Not grey: some themes have it in the colour of their background.
            "Pending" or "Inactive" or "False" => style.Dim + text + style.Reset,
            "Stopped" or "Canceled" or "Warning" or "Missing" => style.Foreground.Yellow + text + style.Reset,
            _ => style.Foreground.Red + text + style.Reset,
        };
    }

    /// <summary>A digest's algorithm and its first twelve digits.</summary>
    /// <param name="digest">The digest.</param>
    /// <returns>What has no such form as it is, harmless to show.</returns>
    public static string Digest(object? digest)
    {
        var text = DisplayText.Line(digest?.ToString(), 140);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && text.Length > colon + 13 ? text[..(colon + 13)] : text;
    }

    /// <summary>A time in this machine's zone.</summary>
    /// <param name="time">The time; null gives an empty text.</param>
    /// <returns>For example <c>2026-01-31 23:59:59</c>.</returns>
    public static string Time(object? time) => Read(time)?.ToLocalTime().ToString(TimeFormat, CultureInfo.InvariantCulture) ?? "";

    /// <summary>How long ago a time was.</summary>
    /// <param name="time">The time; null gives an empty text.</param>
    /// <returns>In its largest unit, for example <c>2h ago</c>.</returns>
    public static string Ago(object? time) => Read(time) is { } then ? Age(DateTime.UtcNow - then) + " ago" : "";

    /// <summary>Pairs as lines.</summary>
    /// <param name="pairs">Names and values.</param>
    /// <param name="separator">What stands between two; null for a line break.</param>
    /// <returns>In the order of their names, harmless to show.</returns>
    public static string Pairs(object? pairs, string? separator = null)
        => Unwrap(pairs) is IDictionary table
            ? string.Join(separator ?? Environment.NewLine, table.Keys.Cast<object>().OrderBy(k => k.ToString(), StringComparer.Ordinal).Select(k => DisplayText.Line($"{k}={table[k]}")))
            : "";

    /// <summary>Texts of a list, each harmless to show.</summary>
    /// <param name="texts">The list.</param>
    /// <param name="separator">What stands between two; null for a line break.</param>
    /// <returns>The texts.</returns>
    public static string Texts(object? texts, string? separator = null)
        => string.Join(separator ?? Environment.NewLine, Items(texts).Select(t => DisplayText.Line(t?.ToString())));

    /// <summary>Platforms, of which those that differ only in their variant are counted.</summary>
    /// <param name="platforms">The platforms.</param>
    /// <returns>For example <c>linux/amd64 (+2), linux/arm64</c>.</returns>
    public static string Platforms(object? platforms)
        => string.Join(", ", Items(platforms).Select(p => p?.ToString() ?? "")
            .GroupBy(p => string.Join('/', p.Split('/').Take(2)), StringComparer.Ordinal)
            .Select(kind => kind.Count() == 1 ? kind.First() : string.Create(CultureInfo.InvariantCulture, $"{kind.First()} (+{kind.Count() - 1})")));

    private static string Age(TimeSpan age)
    {
        var (count, unit) = age.TotalHours switch
        {
            < 1.0 / 60 => (Math.Max(0, age.TotalSeconds), "s"),
            < 1 => (age.TotalMinutes, "m"),
            < 48 => (age.TotalHours, "h"),
            _ => (age.TotalDays, "d"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{(long)count}{unit}");
    }

    private static DateTime? Read(object? time) => time switch
    {
        null => null,
        DateTimeOffset moment => moment.UtcDateTime,
        DateTime moment => moment.ToUniversalTime(),
        PSObject wrapped when wrapped.BaseObject is DateTimeOffset or DateTime => Read(wrapped.BaseObject),
        _ => PSObject.AsPSObject(time).Properties["UtcDateTime"]?.Value is DateTime moment ? DateTime.SpecifyKind(moment, DateTimeKind.Utc) : null,
    };

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static IEnumerable<object?> Items(object? list) => Unwrap(list) switch
    {
        null => [],
        string text => [text],
        IEnumerable items => items.Cast<object?>(),
        var one => [one],
    };
}
