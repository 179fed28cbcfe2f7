using System.Text.RegularExpressions;

namespace BuildxPS;

/// <summary>What of a cache's attributes nobody may read in a message, a log or a record.</summary>
internal static partial class CacheSecrets
{
    /// <summary>What stands for a secret.</summary>
    public const string Mask = "***";

    private static readonly string[] s_addresses = ["url", "url_v2", "account_url", "endpoint_url"];

    /// <summary>Whether an attribute's value is a secret. A name that is only like one counts, so that a slip of the pen shows nothing.</summary>
    /// <param name="key">The attribute.</param>
    /// <returns>True for tokens and keys.</returns>
    public static bool IsSecret(string key) => SecretName().IsMatch(key);

    /// <summary>A value as it may be shown.</summary>
    /// <param name="key">The attribute.</param>
    /// <param name="value">Its value.</param>
    /// <returns>The value without what is secret in it.</returns>
    public static string Show(string key, string value)
        => value.Length == 0 ? value
            : IsSecret(key) ? Mask
            : s_addresses.Contains(key, StringComparer.OrdinalIgnoreCase) ? ShowAddress(value)
            : value;

    /// <summary>A cache as a user wrote it, readable or not, as it may be shown.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The text itself where nothing in it is secret.</returns>
    public static string ShowText(string text)
    {
        if (!CommaSeparated.TryRead(text, out var fields))
        {
            // Where a value ends is not known, so all after the name goes.
            return SecretStart().Match(text) is { Success: true } secret ? text[..(secret.Index + secret.Length)] + Mask : text;
        }

        var shown = ShowFields(fields);
        return shown.SequenceEqual(fields, StringComparer.Ordinal) ? text : string.Join(',', shown.Select(CommaSeparated.Quote));
    }

    /// <summary>The fields of a cache as they may be shown.</summary>
    /// <param name="fields">The fields.</param>
    /// <returns>As many fields.</returns>
    public static IReadOnlyList<string> ShowFields(IReadOnlyList<string> fields)
    {
        var shown = new List<string>(fields.Count);
        var isAfterSecret = false;
        foreach (var field in fields)
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                // Likely the rest of a secret with a comma in it.
                shown.Add(isAfterSecret ? Mask : field);
                continue;
            }

            var key = field[..equals].Trim();
            isAfterSecret = IsSecret(key);
            shown.Add(field[..(equals + 1)] + Show(key, field[(equals + 1)..]));
        }

        return shown;
    }

    private static string ShowAddress(string address)
    {
        // A query can be a signature (Azure's SAS).
        var query = address.IndexOf('?', StringComparison.Ordinal);
        address = query < 0 ? address : address[..(query + 1)] + Mask;
        var start = address.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = start < 3 ? -1 : address.IndexOfAny(['/', '?'], start) is >= 0 and var slash ? slash : address.Length;
        var at = end < 0 ? -1 : address.LastIndexOf('@', end - 1);
        return at < start || end < 0 ? address : string.Concat(address.AsSpan(0, start), Mask, address.AsSpan(at));
    }

    [GeneratedRegex("token|secret|key|passw|credential|signature", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretName();

    [GeneratedRegex("(token|secret|key|passw|credential|signature|url)[^=,]*=", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretStart();
}
