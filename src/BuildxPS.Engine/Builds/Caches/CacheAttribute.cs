using System.Globalization;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>What the value of a cache's attribute must be.</summary>
/// <param name="Problem">What a value that does not fit is, to follow "which is".</param>
/// <param name="Example">A value that fits.</param>
/// <param name="Fits">Whether a value does.</param>
internal sealed record CacheAttribute(string Problem, string Example, Func<string, bool> Fits)
{
    /// <summary>The values that it can have, where those are words; empty where it can have others.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Go's booleans.</summary>
    public static CacheAttribute Switch { get; } = new("neither true nor false", "true", v => GoText.Boolean(v) is not null) { Words = ["true", "false"] };

    /// <summary>A whole number from 1.</summary>
    public static CacheAttribute Count { get; } = new("not a whole number from 1", "4", v => int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0);

    /// <summary>A whole number of either sign.</summary>
    public static CacheAttribute Level { get; } = new("not a whole number", "3", v => int.TryParse(v, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));

    /// <summary>Go's durations.</summary>
    public static CacheAttribute Duration { get; } = new("not a duration", "10m", v => GoText.Duration(v) is { } d && d >= TimeSpan.Zero);

    /// <summary>An address of an http service.</summary>
    public static CacheAttribute Address { get; } = new(
        "not an address of the form http://… or https://…",
        "https://cache.example/path",
        v => Uri.TryCreate(v, UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps) && address.Host.Length > 0);

    /// <summary>GitHub's name of a repository.</summary>
    public static CacheAttribute Repository { get; } = new("not of the form owner/name", "owner/name", v => v.Split('/') is [{ Length: > 0 }, { Length: > 0 }] && IsPrintable(v));

    /// <summary>Names with <c>;</c> between them.</summary>
    public static CacheAttribute Names { get; } = new("not a name, or names with ';' between them", "main;fallback", v => v.Split(';').All(n => n.Length > 0) && IsPrintable(v));

    /// <summary>Anything that is there.</summary>
    public static CacheAttribute Text { get; } = new("empty or has a control character", "name", v => v.Length > 0 && IsPrintable(v));

    /// <summary>Anything, nothing included.</summary>
    public static CacheAttribute Any { get; } = new("text with a control character", "prefix/", IsPrintable);

    /// <summary>Something that is checked with other knowledge.</summary>
    public static CacheAttribute CheckedElsewhere { get; } = new("", "", _ => true);

    /// <summary>One of some words.</summary>
    public static CacheAttribute OneOf(params string[] words)
        => new("none of " + string.Join(", ", words), words[^1], v => words.Contains(v, StringComparer.Ordinal)) { Words = words };

    private static bool IsPrintable(string value) => !value.Any(char.IsControl);
}
