using System.Globalization;

namespace BuildxPS;

/// <summary>Durations for people.</summary>
public static class ElapsedTime
{
    /// <summary>Writes a duration with its two largest units at most: <c>0.3s</c>, <c>12.4s</c>, <c>1m 5s</c>, <c>2h 3m</c>.</summary>
    /// <param name="duration">The duration; null gives an empty text.</param>
    /// <returns>The duration with its units.</returns>
    public static string Format(TimeSpan? duration) => duration switch
    {
        null => "",
        { TotalSeconds: < 59.95 } d => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, d.TotalSeconds):0.0}s"),
        { TotalMinutes: < 60 } d => string.Create(CultureInfo.InvariantCulture, $"{(int)(d.TotalSeconds + 0.05) / 60}m {(int)(d.TotalSeconds + 0.05) % 60}s"),
        { } d => string.Create(CultureInfo.InvariantCulture, $"{(long)d.TotalHours}h {d.Minutes}m"),
    };
}
