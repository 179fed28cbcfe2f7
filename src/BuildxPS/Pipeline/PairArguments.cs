using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Security;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for keys with values: hashtables, <c>'KEY=VALUE'</c>, and a bare <c>'KEY'</c>.</summary>
/// <remarks>Not a transformation attribute: PowerShell would replace the failure's own error id with one for all parameters.</remarks>
internal static class PairArguments
{
    /// <summary>Reads the arguments; later ones win.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <param name="what">What a pair is, for messages: <c>build argument</c>.</param>
    /// <param name="bareValue">The value of a key without one; null drops the pair.</param>
    /// <returns>Keys and values.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static IReadOnlyDictionary<string, string> Read(IEnumerable<object?> arguments, string what, Func<string, string?> bareValue)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in arguments.SelectMany(a => PairsOf(a, what)))
        {
            if (value is null && bareValue(key) is null)
            {
                pairs.Remove(key);
            }
            else
            {
                pairs[key] = value ?? bareValue(key)!;
            }
        }

        return pairs;
    }

    /// <summary>A value of a hashtable as text, in PowerShell's culture-free way.</summary>
    /// <param name="value">The value.</param>
    /// <param name="key">Its key, for messages.</param>
    /// <param name="what">What the pair is, for messages.</param>
    /// <returns>The text; null for null.</returns>
    public static string? TextOf(object? value, string key, string what) => Unwrap(value) switch
    {
        null => null,
        string text => text,
        SecureString or PSCredential => throw Invalid(
            $"The value of {what} '{key}' is a secret, and a {what} is kept where others can read it",
            "Leave the secret out of it."),
        IEnumerable => throw Invalid($"The value of {what} '{key}' is a list, not one value", "Join the values into one text first."),
        var other => (string)LanguagePrimitives.ConvertTo(other, typeof(string), CultureInfo.InvariantCulture),
    };

    /// <summary>What PowerShell wrapped.</summary>
    /// <param name="value">A value from a script.</param>
    /// <returns>The object itself.</returns>
    public static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static IEnumerable<(string Key, string? Value)> PairsOf(object? argument, string what)
    {
        switch (Unwrap(argument))
        {
            case IDictionary table:
                foreach (DictionaryEntry entry in table)
                {
                    var key = entry.Key.ToString() ?? "";
                    yield return (Checked(key, what), TextOf(entry.Value, key, what));
                }

                break;
            // As ConvertFrom-Json gives an object.
            case PSCustomObject when argument is PSObject made:
                foreach (var property in made.Properties)
                {
                    yield return (Checked(property.Name, what), TextOf(property.Value, property.Name, what));
                }

                break;
            case string text:
                var equals = text.IndexOf('=', StringComparison.Ordinal);
                yield return equals < 0
                    ? (Checked(text, what), null)
                    : (Checked(text[..equals], what), text[(equals + 1)..]);
                break;
            case var other:
                throw Invalid($"A value of type {other?.GetType().Name ?? "null"} is not a {what}", Forms(what));
        }
    }

    // The value stays out of the message: it may be one that should not have been written there.
    private static string Checked(string key, string what)
        => key.Length == 0 ? throw Invalid($"The key of a {what} is empty", Forms(what))
            : key.Contains('=', StringComparison.Ordinal) ? throw Invalid($"The key '{key}' of a {what} has a '='", Forms(what))
            : key;

    private static string Forms(string what)
        => $"Write a {what} as a hashtable (@{{ KEY = 'value' }}) or as text ('KEY=value').";

    private static BuildxException Invalid(string problem, string advice)
        => new(BuildxFailure.ArgumentInvalid, problem + ".", advice);
}
