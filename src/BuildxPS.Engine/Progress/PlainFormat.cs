using System.Globalization;

namespace BuildxPS.Engine.Progress;

/// <summary>Numbers, sizes and times as buildx's plain output writes them.</summary>
internal static class PlainFormat
{
    private static readonly string[] s_units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>A size with two decimals, whole below 1 kB: <c>123B</c>, <c>1.05MB</c>.</summary>
    public static string Size(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (Math.Abs(value) >= 1000 && unit < s_units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        return value.ToString(unit == 0 ? "0" : "0.00", CultureInfo.InvariantCulture) + s_units[unit];
    }

    /// <summary>Something that moves: <c>transferring context: 1.05MB / 2.10MB 0.3s done</c>.</summary>
    public static string Progress(StepProgress item)
    {
        var size = item.Total != 0 ? $" {Size(item.Current)} / {Size(item.Total)}"
            : item.Current != 0 ? " " + Size(item.Current)
            : "";
        var seconds = item.Started is { } started ? ((item.Completed ?? item.Timestamp) - started).TotalSeconds : 0;
        var time = seconds > 0.01 ? " " + Seconds(seconds) : "";
        return item.Text + size + time + (item.Completed is null ? "" : " done");
    }

    /// <summary>A duration with one decimal: <c>1.2s</c>.</summary>
    public static string Seconds(double seconds) => seconds.ToString("0.0", CultureInfo.InvariantCulture) + "s";

    /// <summary>Time since a step's start: 3 decimals below 10 s, 2 below 100 s, else 1.</summary>
    public static string Offset(TimeSpan time)
        => time.TotalSeconds.ToString(time.TotalSeconds < 10 ? "0.000" : time.TotalSeconds < 100 ? "0.00" : "0.0", CultureInfo.InvariantCulture);
}
