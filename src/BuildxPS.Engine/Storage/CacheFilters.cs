using System.Text;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Storage;

/// <summary>What <c>--filter</c> of <c>docker buildx du</c> and <c>prune</c> says, read.</summary>
public sealed record CacheFilters
{
    private const string Until = "until";
    private const string UnusedForKey = "unused-for";

    /// <summary>Fields that are there or not, and what is there where they are not.</summary>
    private static readonly Dictionary<string, string?> s_flags = new(StringComparer.Ordinal)
    {
        ["inuse"] = null,
        ["mutable"] = "immutable",
        ["immutable"] = "mutable",
        ["shared"] = "private",
        ["private"] = "shared",
    };

    private static readonly string[] s_texts = ["id", "type", "description", "parents", "parent"];

    /// <summary>What must be true of a record.</summary>
    public IReadOnlyList<CacheCondition> Conditions { get; private init; } = [];

    /// <summary>The value of <c>until</c> or <c>unused-for</c>; null for none.</summary>
    public TimeSpan? UnusedFor { get; private init; }

    /// <summary>What the user should know of filters that docker's configuration adds.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Cuts a filter as docker does: <c>type=regular</c>, <c>id~=^x</c>, <c>description!=x</c>, or a bare <c>shared</c>.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The key, with a <c>!</c> or <c>~</c> that belongs to its comparison, and the value; null for a bare key.</returns>
    public static KeyValuePair<string, string?> Cut(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0
            ? KeyValuePair.Create(text, (string?)null)
            : KeyValuePair.Create(text[..equals], (string?)Unquote(text[(equals + 1)..].TrimStart('=').Trim()));
    }

    /// <summary>Reads filters.</summary>
    /// <param name="entries">Keys and values.</param>
    /// <returns>The filters.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static CacheFilters Read(IReadOnlyList<KeyValuePair<string, string?>> entries) => Read(entries, [], "");

    /// <summary>Reads filters for a removal, to which docker's configuration (<c>pruneFilters</c>) adds its own.</summary>
    /// <param name="entries">Keys and values.</param>
    /// <param name="environment">Where this client runs.</param>
    /// <returns>The filters.</returns>
    /// <exception cref="BuildxException">A part is wrong, or the configuration cannot be read.</exception>
    public static CacheFilters ReadForPrune(IReadOnlyList<KeyValuePair<string, string?>> entries, ClientEnvironment environment)
    {
        var configuration = DockerConfiguration.Read(environment);
        return Read(entries, [.. configuration.PruneFilters.Where(f => f.Contains('=', StringComparison.Ordinal)).Select(Cut)], configuration.File);
    }

    /// <summary>Reads how long something was not used, as Go writes durations: <c>24h</c>, <c>1h30m</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <returns>The duration.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static TimeSpan ReadAge(string text, string what)
        => GoText.Duration(text) is { } age && age >= TimeSpan.Zero
            ? age
            : throw Invalid($"{what} '{DisplayText.Line(text)}' is no duration", "Write a duration as 24h, 90m or 1h30m, or give a TimeSpan.");

    /// <summary>Reads a size as docker's command line does: <c>512m</c>, <c>10GB</c>, <c>1.5g</c>; units count in 1024s.</summary>
    /// <param name="text">The text.</param>
    /// <param name="what">What it is, for messages.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static long ReadSize(string text, string what)
        => ByteCount.Parse(text) ?? throw Invalid($"{what} '{DisplayText.Line(text)}' is no size", "Write a size as 10GB or 512MB, or as a number of bytes.");

    private static CacheFilters Read(IReadOnlyList<KeyValuePair<string, string?>> entries, IReadOnlyList<KeyValuePair<string, string?>> configured, string file)
    {
        var values = new List<(string Key, string? Value)>();
        foreach (var (given, value) in entries)
        {
            var key = given.Trim().ToLowerInvariant();
            CheckKey(key, given);
            Add(values, key, value, "");
        }

        var warnings = new List<string>();
        foreach (var (key, value) in configured)
        {
            // As docker: what was typed wins over a label of the file that contradicts it.
            if (key is "label" or "label!" && values.Contains((key == "label" ? "label!" : "label", value)))
            {
                continue;
            }

            Add(values, key, value, file);
            if (key is not (Until or UnusedForKey) && !IsKnown(Field(key)) && !key.EndsWith('!'))
            {
                warnings.Add($"docker's configuration adds the filter '{DisplayText.Line($"{key}={value}")}' (pruneFilters in '{file}'), which no record of a build cache meets: nothing will be removed.");
            }
        }

        return new CacheFilters
        {
            Conditions = [.. values.Where(v => v.Key is not (Until or UnusedForKey)).Select(v => ToCondition(v.Key, v.Value))],
            UnusedFor = ReadAge(values),
            Warnings = warnings,
        };
    }

    private static void Add(List<(string Key, string? Value)> values, string key, string? value, string file)
    {
        if (values.Contains((key, value)))
        {
            return;
        }

        if (values.FindIndex(v => v.Key == key) is >= 0 and var other)
        {
            throw Invalid(
                file.Length > 0
                    ? $"The filter '{key}' is '{DisplayText.Line(values[other].Value)}' here and '{DisplayText.Line(value)}' in pruneFilters of '{file}'"
                    : $"The filter '{key}' is given twice, with '{DisplayText.Line(values[other].Value)}' and with '{DisplayText.Line(value)}'",
                file.Length > 0 ? "Leave it out, or take it out of the file." : "A filter takes one value; for alternatives use a regular expression: 'type~=^(regular|source.local)$'.");
        }

        values.Add((key, value));
    }

    private static TimeSpan? ReadAge(List<(string Key, string? Value)> values)
    {
        var ages = values.Where(v => v.Key is Until or UnusedForKey).ToList();
        return ages switch
        {
            [] => null,
            [var (key, value)] => ReadAge(value ?? "", $"The filter '{key}'"),
            _ => throw Invalid("The filters 'until' and 'unused-for' contradict each other", "Give one of them; they mean the same."),
        };
    }

    private static CacheCondition ToCondition(string key, string? value)
    {
        var field = Field(key);
        var comparison = key.Length == field.Length ? '=' : key[^1];
        if (s_flags.TryGetValue(field, out var opposite))
        {
            return ToFlag(field, opposite, comparison, value);
        }

        return value is null
            ? new CacheCondition { Key = field }
            : new CacheCondition
            {
                Key = field,
                Value = value,
                Operator = comparison switch
                {
                    '!' => CacheOperator.NotEqual,
                    '~' => CacheOperator.Match,
                    _ => field == "id" ? CacheOperator.Match : CacheOperator.Equal,
                },
            };
    }

    private static CacheCondition ToFlag(string field, string? opposite, char comparison, string? value)
    {
        var wanted = value is null ? true
            : comparison != '~' && GoText.Boolean(value.ToLowerInvariant()) is { } given ? given != (comparison == '!')
            : throw Invalid($"The filter '{field}' is '{DisplayText.Line(value)}'", $"It is true or false: write '{field}' or '{field}=true'.");
        return wanted ? new CacheCondition { Key = field }
            : opposite is not null ? new CacheCondition { Key = opposite }
            : throw Invalid("Engines have no filter for records that are not in use", "Choose them with Where-Object IsReclaimable; a removal never takes records that are in use.");
    }

    private static void CheckKey(string key, string given)
    {
        if (key is not (Until or UnusedForKey) && !IsKnown(Field(key)))
        {
            throw Invalid(
                $"There is no filter '{DisplayText.Line(given)}'",
                "Filters are id, type, description, parents, inuse, mutable, immutable, shared, private and until; with =, != or ~= and a value ('type=exec.cachemount'), or alone ('shared').");
        }
    }

    private static bool IsKnown(string field) => s_flags.ContainsKey(field) || s_texts.Contains(field, StringComparer.Ordinal);

    private static string Field(string key) => key is [.., '!' or '~'] ? key[..^1] : key;

    /// <summary>Quotes are the engine's own syntax, which buildx passes on.</summary>
    private static string Unquote(string value)
    {
        if (value.Length < 2 || value[0] != '"' || value[^1] != '"')
        {
            return value;
        }

        var text = new StringBuilder();
        for (var i = 1; i < value.Length - 1; i++)
        {
            text.Append(value[i] == '\\' && i < value.Length - 2
                ? value[++i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', var other => other }
                : value[i]);
        }

        return text.ToString();
    }

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.ArgumentInvalid, problem + ".", advice);
}
