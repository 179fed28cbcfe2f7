using System.Collections;
using System.Text.RegularExpressions;

namespace BuildxPS.Pipeline;

/// <summary>What arguments have in common that are written as <c>type=…,key=value</c> or as hashtables.</summary>
internal static partial class SpecArguments
{
    /// <summary>
    /// Without quotes PowerShell reads <c>type=tar,dest=out.tar</c> as a list of two words; this makes it one argument
    /// again, as everybody who comes from the docker command line means it.
    /// </summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The arguments, unwrapped.</returns>
    public static List<object?> Rejoin(IEnumerable<object?> arguments)
    {
        var result = new List<object?>();
        foreach (var argument in arguments.Select(PairArguments.Unwrap))
        {
            if (argument is string part && result is [.., string before]
                && before.StartsWith("type=", StringComparison.OrdinalIgnoreCase)
                && AttributePattern().IsMatch(part)
                && !part.StartsWith("type=", StringComparison.OrdinalIgnoreCase))
            {
                result[^1] = before + "," + part;
            }
            else
            {
                result.Add(argument);
            }
        }

        return result;
    }

    /// <summary>Keys and values of a hashtable, as BuildKit spells them.</summary>
    /// <param name="table">The hashtable.</param>
    /// <param name="what">What a pair is, for messages.</param>
    /// <returns>The pairs.</returns>
    public static IEnumerable<KeyValuePair<string, string>> PairsOf(IDictionary table, string what)
    {
        foreach (DictionaryEntry entry in table)
        {
            var key = entry.Key.ToString() ?? "";
            yield return new(key, PairArguments.Unwrap(entry.Value) switch
            {
                bool flag => flag ? "true" : "false",
                FileSystemInfo file => file.FullName,
                var value => PairArguments.TextOf(value, key, what) ?? "",
            });
        }
    }

    /// <summary>A hashtable as the user wrote it.</summary>
    /// <param name="table">The hashtable.</param>
    /// <returns>The text.</returns>
    public static string Describe(IDictionary table)
        => "@{ " + string.Join("; ", table.Keys.Cast<object>().Select(k => $"{k} = {table[k]}")) + " }";

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9._-]*=")]
    private static partial Regex AttributePattern();
}
