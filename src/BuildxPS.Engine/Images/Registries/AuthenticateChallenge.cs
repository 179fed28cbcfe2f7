namespace BuildxPS.Engine.Images.Registries;

/// <summary>One challenge of a WWW-Authenticate header (RFC 9110, section 11.6.1).</summary>
internal sealed record AuthenticateChallenge
{
    private const int MaxLength = 8 * 1024;

    private IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The scheme: <c>Bearer</c>, <c>Basic</c>.</summary>
    public required string Scheme { get; init; }

    public bool IsBearer => Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase);

    public bool IsBasic => Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase);

    /// <summary>A parameter's value; null where it is not there.</summary>
    public string? Parameter(string name) => Parameters.GetValueOrDefault(name);

    /// <summary>Reads all challenges of a response, over all its header fields.</summary>
    public static IReadOnlyList<AuthenticateChallenge> Parse(HttpResponseMessage response)
        => response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values) ? [.. values.SelectMany(Parse)] : [];

    /// <summary>Reads the challenges of one header field. What is malformed ends the list; it does not fail.</summary>
    /// <param name="header">The field's value.</param>
    /// <returns>The challenges, in order.</returns>
    public static IReadOnlyList<AuthenticateChallenge> Parse(string header)
    {
        var challenges = new List<AuthenticateChallenge>();
        if (header.Length > MaxLength)
        {
            return challenges;
        }

        var rest = header.AsSpan();
        Dictionary<string, string>? parameters = null;
        while (true)
        {
            rest = rest.TrimStart(" \t,");
            var word = Token(ref rest);
            if (word.Length == 0)
            {
                return challenges;
            }

            var afterSpace = rest.TrimStart(" \t");
            if (parameters is not null && afterSpace.StartsWith("="))
            {
                rest = afterSpace[1..].TrimStart(" \t");
                if (!TryValue(ref rest, out var value))
                {
                    return challenges;
                }

                // The first of two equal names counts: what a proxy appended must not replace what the registry said.
                parameters.TryAdd(word.ToString(), value);
                continue;
            }

            parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            challenges.Add(new AuthenticateChallenge { Scheme = word.ToString(), Parameters = parameters });
        }
    }

    private static ReadOnlySpan<char> Token(ref ReadOnlySpan<char> rest)
    {
        var length = rest.IndexOfAny(" \t,=\"");
        length = length < 0 ? rest.Length : length;
        var token = rest[..length];
        rest = rest[length..];
        return token;
    }

    private static bool TryValue(ref ReadOnlySpan<char> rest, out string value)
    {
        if (!rest.StartsWith("\""))
        {
            var length = rest.IndexOfAny(" \t,");
            value = rest[..(length < 0 ? rest.Length : length)].ToString();
            rest = rest[value.Length..];
            return true;
        }

        var text = new System.Text.StringBuilder();
        for (var i = 1; i < rest.Length; i++)
        {
            if (rest[i] == '"')
            {
                value = text.ToString();
                rest = rest[(i + 1)..];
                return true;
            }

            if (rest[i] == '\\' && i + 1 < rest.Length)
            {
                i++;
            }

            text.Append(rest[i]);
        }

        value = "";
        return false;
    }
}
