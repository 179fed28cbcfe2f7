using System.Collections;
using System.Text.RegularExpressions;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for outputs: docker's text form, hashtables and <see cref="OutputSpec"/> objects.</summary>
internal static partial class OutputArguments
{
    /// <summary>Reads the arguments.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <returns>The outputs, their destinations as written.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.OutputInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<OutputSpec> Read(IEnumerable<object?> arguments) => [.. Rejoin(arguments).Select(ReadOne)];

    private static OutputSpec ReadOne(object? argument) => argument switch
    {
        OutputSpec spec => spec,
        string text => OutputSpec.Parse(text),
        FileSystemInfo folder => new OutputSpec { Type = "local", Destination = folder.FullName },
        IDictionary table => OutputSpec.From(PairsOf(table), Describe(table)),
        var other => throw new BuildxException(
            BuildxFailure.OutputInvalid,
            $"A value of type {other?.GetType().Name ?? "null"} is not an output.",
            "Write an output as text ('type=local,dest=folder', or just a folder), or as a hashtable (@{ Type = 'tar'; Destination = 'out.tar' })."),
    };

    /// <summary>
    /// Without quotes PowerShell reads <c>type=tar,dest=out.tar</c> as a list of two words; this makes it one output
    /// again, as everybody who comes from the docker command line means it.
    /// </summary>
    private static List<object?> Rejoin(IEnumerable<object?> arguments)
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

    private static IEnumerable<KeyValuePair<string, string>> PairsOf(IDictionary table)
    {
        foreach (DictionaryEntry entry in table)
        {
            var key = entry.Key.ToString() ?? "";
            yield return new(key, PairArguments.Unwrap(entry.Value) switch
            {
                // As BuildKit spells them.
                bool flag => flag ? "true" : "false",
                FileSystemInfo file => file.FullName,
                var value => PairArguments.TextOf(value, key, "output attribute") ?? "",
            });
        }
    }

    private static string Describe(IDictionary table)
        => "@{ " + string.Join("; ", table.Keys.Cast<object>().Select(k => $"{k} = {table[k]}")) + " }";

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9._-]*=")]
    private static partial Regex AttributePattern();
}
