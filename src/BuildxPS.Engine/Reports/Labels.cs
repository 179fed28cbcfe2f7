using System.Globalization;

namespace BuildxPS.Engine.Reports;

/// <summary>Words and numbers as the page writes them.</summary>
internal static class Labels
{
    /// <summary>A moment, to the minute.</summary>
    /// <param name="moment">The moment.</param>
    /// <returns>For example <c>27 Nov 2026, 02:10 UTC</c>.</returns>
    public static string Moment(DateTimeOffset moment) => moment.ToUniversalTime().ToString("d MMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A count, in groups of three digits.</summary>
    /// <param name="count">The count.</param>
    /// <returns>For example <c>10,000</c>.</returns>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A count with its noun.</summary>
    /// <param name="count">The count.</param>
    /// <param name="noun">The noun in the singular; its plural ends in s.</param>
    /// <returns>For example <c>1 step</c>.</returns>
    public static string Count(long count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>A part of a whole, rounded so that only nothing is 0 % and only all is 100 %.</summary>
    /// <param name="part">The part.</param>
    /// <param name="whole">The whole; more than zero.</param>
    /// <returns>For example <c>67 %</c>.</returns>
    public static string Share(double part, double whole)
    {
        var percent = part / whole * 100;
        var rounded = part <= 0 ? 0 : part >= whole ? 100 : Math.Clamp(Math.Round(percent), 1, 99);
        return string.Create(CultureInfo.InvariantCulture, $"{rounded:0}\u00a0%");
    }

    /// <summary>A time, exact where it is short.</summary>
    /// <param name="time">The time.</param>
    /// <returns>For example <c>40ms</c> or <c>1m 5s</c>.</returns>
    public static string Time(TimeSpan time)
        => time < TimeSpan.FromSeconds(0.95) ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, time.TotalMilliseconds):0}ms") : ElapsedTime.Format(time);

    /// <summary>Says how a build ended: in a word, a sign and a colour.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="status">How it ended.</param>
    public static void WriteStatus(Markup page, BuildStatus status)
    {
        var (style, word) = status switch
        {
            BuildStatus.Completed => ("good", "✓ Completed"),
            BuildStatus.Canceled => ("warn", "■ Canceled"),
            _ => ("bad", "✕ Failed"),
        };
        page.Element("span", "status " + style, word);
    }
}
