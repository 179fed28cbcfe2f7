namespace BuildxPS;

/// <summary>
/// One cache that a build reads from or writes to: docker's <c>--cache-from</c> and <c>--cache-to</c>. Whether its parts fit
/// the engine is checked before the build.
/// </summary>
public sealed record CacheSpec
{
    private const string Forms = "Write a cache as text ('type=local,dest=folder', or just an image reference for the type registry), or as a hashtable (@{ Type = 'local'; Dest = 'folder' }).";

    /// <summary>The type: <c>registry</c>, <c>local</c>, <c>inline</c>, <c>gha</c>, <c>s3</c> or <c>azblob</c>.</summary>
    public required string Type { get; init; }

    /// <summary>All other attributes, as BuildKit names them: <c>ref</c>, <c>src</c>, <c>dest</c>, <c>mode</c>, … Later ones win over earlier ones.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>Docker's text form with stars for tokens and keys: what messages and logs show. <see cref="ToString"/> has them, since it can be read again.</summary>
    public string SafeText => Write(CacheSecrets.Show);

    /// <summary>Reads docker's text form of one cache: comma-separated <c>key=value</c> pairs (RFC 4180 quoting), or an image reference.</summary>
    /// <param name="text">For example <c>type=local,src=folder</c>.</param>
    /// <returns>The cache.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CacheInvalid"/>, naming the part.</exception>
    public static CacheSpec Parse(string text)
        => ParseAll(text) is [var only] ? only : throw Invalid($"'{CacheSecrets.ShowText(text)}' names several caches where one is expected");

    /// <summary>Reads docker's text form, in which several image references may stand in a row: <c>repo/app:a,repo/app:b</c>.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The caches.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CacheInvalid"/>, naming the part.</exception>
    public static IReadOnlyList<CacheSpec> ParseAll(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw Invalid("A cache is empty");
        }

        if (!CommaSeparated.TryRead(text, out var fields))
        {
            throw Invalid($"'{CacheSecrets.ShowText(text)}' is not a cache: its quotes or commas do not fit");
        }

        if (!text.Contains('=', StringComparison.Ordinal))
        {
            return [.. fields.Select(f => string.IsNullOrWhiteSpace(f) ? throw Invalid($"'{text}' is not a cache: a reference in it is empty") : Registry(f.Trim()))];
        }

        var pairs = new List<KeyValuePair<string, string>>();
        for (var i = 0; i < fields.Count; i++)
        {
            var field = fields[i];
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw Invalid($"'{CacheSecrets.ShowText(text)}' is not a cache: the part '{CacheSecrets.ShowFields(fields)[i]}' is not key=value");
            }

            pairs.Add(new(field[..equals].Trim(), field[(equals + 1)..]));
        }

        return [From(pairs, CacheSecrets.ShowText(text))];
    }

    /// <summary>Makes a cache of keys and values, as a hashtable has them; keys are compared without case.</summary>
    /// <param name="pairs">Keys and values; <c>Destination</c> and <c>Source</c> are other words for <c>dest</c> and <c>src</c>.</param>
    /// <param name="source">What the user wrote, for error messages; without what is secret in it.</param>
    /// <returns>The cache.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.CacheInvalid"/>, naming the part.</exception>
    public static CacheSpec From(IEnumerable<KeyValuePair<string, string>> pairs, string source)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        string? type = null;
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
        {
            switch (key.ToLowerInvariant())
            {
                case "type":
                    type = value.Trim().ToLowerInvariant();
                    break;
                case "destination":
                    attributes["dest"] = value;
                    break;
                case "source":
                    attributes["src"] = value;
                    break;
                case var other:
                    attributes[other] = value;
                    break;
            }
        }

        return string.IsNullOrEmpty(type)
            ? throw Invalid($"'{source}' is not a cache: it has no type")
            : new CacheSpec { Type = type, Attributes = attributes };
    }

    /// <summary>Docker's text form, secrets included.</summary>
    /// <returns>Text that <see cref="Parse"/> reads; <see cref="SafeText"/> is for showing.</returns>
    public override string ToString() => Write((_, value) => value);

    private string Write(Func<string, string, string> show)
        => Type == "registry" && Attributes.Count == 1 && Attributes.TryGetValue("ref", out var reference) && IsPlainReference(reference)
            ? reference
            : string.Join(',', Attributes.OrderBy(a => a.Key, StringComparer.Ordinal)
                .Select(a => $"{a.Key}={show(a.Key, a.Value)}").Prepend($"type={Type}").Select(CommaSeparated.Quote));

    /// <summary>Whether a reference can stand alone and is read as the same one; a wrong one is printed too.</summary>
    private static bool IsPlainReference(string reference)
        => !string.IsNullOrWhiteSpace(reference) && reference.AsSpan().Trim().Length == reference.Length && reference.AsSpan().IndexOfAny("=,\"\n") < 0;

    private static CacheSpec Registry(string reference)
        => new() { Type = "registry", Attributes = new Dictionary<string, string>(StringComparer.Ordinal) { ["ref"] = reference } };

    private static BuildxException Invalid(string problem) => new(BuildxFailure.CacheInvalid, problem + ".", Forms);
}
