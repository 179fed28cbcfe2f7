using System.Globalization;

namespace BuildxPS;

/// <summary>Sizes for people: decimal units, as docker prints them.</summary>
public static class ByteSize
{
    private static readonly string[] s_units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>Writes a size with at most three significant digits: <c>512B</c>, <c>1.05MB</c>.</summary>
    /// <param name="bytes">The size in bytes; null gives an empty text.</param>
    /// <returns>The size with its unit.</returns>
    public static string Format(long? bytes)
    {
        if (bytes is not { } size)
        {
            return "";
        }

        var (value, unit) = ((double)size, 0);
        while (Math.Abs(value) >= 1000 && unit < s_units.Length - 1)
        {
            value /= 1000;
            unit++;
        }

        var format = unit == 0 || Math.Abs(value) >= 100 ? "0" : Math.Abs(value) >= 10 ? "0.0" : "0.00";
        return value.ToString(format, CultureInfo.InvariantCulture) + s_units[unit];
    }
}
