using System.Collections;
using System.Management.Automation;
using System.Security;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users give for secrets: docker's text form, hashtables and <see cref="SecretSpec"/> objects.</summary>
internal static class SecretArguments
{
    private static readonly string[] s_keys = ["id", "type", "source", "src", "environment", "env", "value"];

    /// <summary>Reads the arguments.</summary>
    /// <param name="arguments">What the user gave.</param>
    /// <param name="isVariable">Whether there is an environment variable of a name.</param>
    /// <returns>The secrets, each with the place it comes from; files as written.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SecretInvalid"/>; no message has what may be a secret.</exception>
    public static IReadOnlyList<SecretSpec> Read(IEnumerable<object?> arguments, Func<string, bool> isVariable)
        => [.. Rejoin(arguments).SelectMany(ReadOne).Select(s => Complete(s, isVariable))];

    private static IEnumerable<SecretSpec> ReadOne(object? argument) => argument switch
    {
        SecretSpec secret => [secret],
        string text => [SecretSpec.Parse(text)],
        IDictionary table when HasKey(table, "id") => [ReadTable(table)],
        IDictionary table => table.Keys.Cast<object>().Select(k => ReadShort(k.ToString() ?? "", PairArguments.Unwrap(table[k]))),
        SecureString or PSCredential => throw Invalid("A secret has no id, only a value"),
        var other => throw Invalid($"A value of type {other?.GetType().Name ?? "null"} is not a secret"),
    };

    private static SecretSpec ReadTable(IDictionary table)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        SecureString? value = null;
        foreach (DictionaryEntry entry in table)
        {
            var key = entry.Key.ToString() ?? "";
            var content = PairArguments.Unwrap(entry.Value);
            if (key.Equals("value", StringComparison.OrdinalIgnoreCase))
            {
                value = ReadValue(content, table);
                continue;
            }

            pairs.Add(new(key, content switch
            {
                string text => text,
                FileInfo file => file.FullName,
                SecureString or PSCredential => throw Invalid($"The key '{DisplayText.Line(key)}' of a secret has a protected value; that belongs to the key Value"),
                null => throw Invalid($"The key '{DisplayText.Line(key)}' of a secret has no value"),
                _ => throw Invalid($"The key '{DisplayText.Line(key)}' of a secret is not text"),
            }));
        }

        return SecretSpec.From(pairs, value);
    }

    /// <summary><c>@{ token = $secureString }</c>: names and values, where the value cannot be anything else.</summary>
    private static SecretSpec ReadShort(string id, object? value)
        => s_keys.Contains(id, StringComparer.OrdinalIgnoreCase) ? throw Invalid("A secret's hashtable has no Id")
            : value is SecureString or PSCredential ? new SecretSpec { Id = id, Value = Protected(value) }
            : throw Invalid($"A secret's hashtable has no Id, and the value of its key '{DisplayText.Line(id)}' is neither a SecureString nor a PSCredential");

    private static SecureString ReadValue(object? value, IDictionary table) => value switch
    {
        SecureString or PSCredential => Protected(value),
        string text => SecretSpec.Protect(text, IdOf(table)),
        null => throw Invalid($"The value of the secret '{DisplayText.Line(IdOf(table))}' is null: what it comes from was not set"),
        var other => throw Invalid($"The value of the secret '{DisplayText.Line(IdOf(table))}' is of type {other.GetType().Name}, not a SecureString, a PSCredential or text"),
    };

    private static SecureString Protected(object value) => value as SecureString ?? ((PSCredential)value).Password ?? new SecureString();

    private static SecretSpec Complete(SecretSpec secret, Func<string, bool> isVariable)
        => !secret.IsSourceImplied ? secret
            : isVariable(secret.Id) ? secret with { Environment = secret.Id }
            : secret with { Source = secret.Id };

    /// <summary>
    /// Without quotes PowerShell reads <c>id=token,src=token.txt</c> as a list of two words; this makes it one secret again.
    /// A key that the secret before has already begins the next one.
    /// </summary>
    private static List<object?> Rejoin(IEnumerable<object?> arguments)
    {
        var result = new List<object?>();
        var keys = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var argument in arguments.Select(PairArguments.Unwrap))
        {
            var key = KeyOf(argument);
            if (key is null)
            {
                keys.Clear();
            }
            else if (keys.Count > 0 && keys.Add(key))
            {
                result[^1] = $"{result[^1]},{argument}";
                continue;
            }
            else
            {
                keys.Clear();
                keys.Add(key);
            }

            result.Add(argument);
        }

        return result;
    }

    /// <returns>The key of a word that is one pair of a secret's text; null for all else.</returns>
    private static string? KeyOf(object? argument)
    {
        if (argument is not string text || text.Contains(',', StringComparison.Ordinal) || text.IndexOf('=', StringComparison.Ordinal) is var equals && equals < 0)
        {
            return null;
        }

        var key = text[..equals].ToLowerInvariant();
        return !s_keys.Contains(key) ? null : key == "src" ? "source" : key == "env" ? "environment" : key;
    }

    private static bool HasKey(IDictionary table, string key) => table.Keys.Cast<object>().Any(k => key.Equals(k.ToString(), StringComparison.OrdinalIgnoreCase));

    private static string IdOf(IDictionary table)
        => table.Cast<DictionaryEntry>().Where(e => "id".Equals(e.Key.ToString(), StringComparison.OrdinalIgnoreCase)).Select(e => PairArguments.Unwrap(e.Value) as string).FirstOrDefault() ?? "";

    private static BuildxException Invalid(string problem) => SecretSpec.Invalid(problem);
}
