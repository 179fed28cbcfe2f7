using System.Collections;
using System.Globalization;
using System.Management.Automation;
using BuildxPS.Engine.Storage;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users write about records of a build cache.</summary>
internal static class CacheRecordArguments
{
    private const string FilterForms = "Write a filter as text ('type=regular', 'id~=^x', 'shared') or as a hashtable (@{ type = 'regular'; shared = $true }).";

    /// <summary>Reads <c>-Filter</c>.</summary>
    /// <param name="arguments">Texts and hashtables.</param>
    /// <returns>Keys and values; null for a bare key.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static IReadOnlyList<KeyValuePair<string, string?>> ReadFilters(object[] arguments)
    {
        var entries = new List<KeyValuePair<string, string?>>();
        foreach (var argument in arguments)
        {
            switch (PairArguments.Unwrap(argument))
            {
                case string text when text.Trim().Length > 0:
                    entries.Add(CacheFilters.Cut(text));
                    break;
                case IDictionary table:
                    foreach (DictionaryEntry entry in table)
                    {
                        var key = entry.Key.ToString() ?? "";
                        entries.Add(KeyValuePair.Create(key, TextOf(entry.Value, key)));
                    }

                    break;
                case var other:
                    throw Invalid($"A value of type {other?.GetType().Name ?? "null"} is not a filter, or it is empty", FilterForms);
            }
        }

        return entries;
    }

    /// <summary>Reads an age.</summary>
    /// <param name="argument">A TimeSpan, or text.</param>
    /// <param name="parameter">The parameter, for messages.</param>
    /// <returns>The age; null for none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static TimeSpan? ReadAge(object? argument, string parameter) => PairArguments.Unwrap(argument) switch
    {
        null => null,
        TimeSpan age when age >= TimeSpan.Zero => age,
        string text => CacheFilters.ReadAge(text, "-" + parameter),
        var other => throw Invalid($"-{parameter} '{other}' is no duration", "Write a duration as 24h, 90m or 1h30m, or give a TimeSpan that is not negative. Quote seconds ('30s'): PowerShell takes 30s for a number."),
    };

    /// <summary>Reads a size.</summary>
    /// <param name="argument">A number of bytes, or text.</param>
    /// <param name="parameter">The parameter, for messages.</param>
    /// <returns>Bytes; 0 for none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static long ReadSize(object? argument, string parameter)
    {
        switch (PairArguments.Unwrap(argument))
        {
            case null:
                return 0;
            case string text:
                return CacheFilters.ReadSize(text, "-" + parameter);
            case var other when other is byte or short or int or long or uint or ulong or double or decimal
                && LanguagePrimitives.TryConvertTo<long>(other, CultureInfo.InvariantCulture, out var bytes) && bytes >= 0:
                return bytes;
            case var other:
                throw Invalid($"-{parameter} '{other}' is no size", "Write a size as 10GB or 512MB, or as a number of bytes that is not negative.");
        }
    }

    private static string? TextOf(object? value, string key)
        => PairArguments.Unwrap(value) is TimeSpan age
            ? age.TotalSeconds.ToString("0.#######", CultureInfo.InvariantCulture) + "s"
            : PairArguments.TextOf(value, key, "filter");

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.ArgumentInvalid, problem + ".", advice);
}
