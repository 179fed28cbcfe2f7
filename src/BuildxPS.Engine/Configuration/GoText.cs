using System.Buffers;
using System.Globalization;

namespace BuildxPS.Engine.Configuration;

/// <summary>Values in the forms that engines and buildx, which are written in Go, read and write.</summary>
internal static class GoText
{
    private static readonly SearchValues<char> s_number = SearchValues.Create("0123456789.");
    private static readonly double s_longest = long.MaxValue / 1e9;

    /// <summary>Reads a boolean as Go does: <c>1 t T TRUE true True</c> and their opposites.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Null where it is neither.</returns>
    public static bool? Boolean(string text) => text switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => null,
    };

    /// <summary>Reads a duration as Go does: numbers with units, <c>300ms</c>, <c>1.5h</c>, <c>2m30s</c>, or <c>0</c>.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Null where it is none, or one of more than about 290 years.</returns>
    public static TimeSpan? Duration(string text)
    {
        var rest = text.AsSpan();
        var sign = 1;
        if (rest is ['-' or '+', ..])
        {
            sign = rest[0] == '-' ? -1 : 1;
            rest = rest[1..];
        }

        if (rest is "0")
        {
            return TimeSpan.Zero;
        }

        var seconds = 0.0;
        do
        {
            var digits = rest.IndexOfAnyExcept(s_number);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[digits..];
            var end = rest.IndexOfAny(s_number) is > 0 and var next ? next : rest.Length;
            if (Unit(rest[..end]) is not { } unit)
            {
                return null;
            }

            seconds += number * unit;
            rest = rest[end..];
        }
        while (rest.Length > 0);

        return seconds < s_longest ? TimeSpan.FromSeconds(sign * seconds) : null;
    }

    private static double? Unit(ReadOnlySpan<char> text) => text switch
    {
        "ns" => 1e-9,
        "us" or "µs" or "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => null,
    };

    /// <summary>Reads a switch from the environment.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="name">The variable's name.</param>
    /// <returns>False where it is not set.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>: it is set to something else.</exception>
    public static bool Switch(ClientEnvironment environment, string name)
        => environment[name] is not { } text ? false
            : Boolean(text) ?? throw new BuildxException(
                BuildxFailure.ConfigurationInvalid,
                $"The environment variable {name} is '{text}', which is neither true nor false.",
                $"Set {name} to true or false, or remove it.");
}
