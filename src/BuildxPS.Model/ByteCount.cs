using System.Buffers;
using System.Globalization;

namespace BuildxPS;

/// <summary>Sizes as docker's command line writes them: <c>512m</c>, <c>2g</c>, <c>1.5GiB</c>.</summary>
internal static class ByteCount
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    /// <summary>Reads a size; units count in 1024s.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Bytes; null where it is no size, or larger than any machine.</returns>
    public static long? Parse(string text)
    {
        var unit = text.AsSpan().IndexOfAnyExcept(s_digits);
        var digits = unit < 0 ? text : text[..unit];
        var power = (unit < 0 ? "" : text[unit..].Trim().ToLowerInvariant()) switch
        {
            "" or "b" => 0,
            "k" or "kb" or "kib" => 1,
            "m" or "mb" or "mib" => 2,
            "g" or "gb" or "gib" => 3,
            "t" or "tb" or "tib" => 4,
            "p" or "pb" or "pib" => 5,
            _ => -1,
        };
        return power >= 0 && double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number * Math.Pow(1024, power) is < (1L << 60) and var bytes
                ? (long)bytes
                : null;
    }
}
