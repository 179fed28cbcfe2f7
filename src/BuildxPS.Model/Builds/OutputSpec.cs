namespace BuildxPS;

/// <summary>
/// One output of a build: docker's <c>--output</c>. Reading it from text or a hashtable is <see cref="Parse"/> and
/// <see cref="From"/>; whether its parts fit the engine is checked before the build.
/// </summary>
public sealed record OutputSpec
{
    private const string Forms = "Write an output as text ('type=local,dest=folder', or just a folder), or as a hashtable (@{ Type = 'tar'; Destination = 'out.tar' }).";

    /// <summary>The exporter's type: <c>local</c>, <c>tar</c>, <c>image</c>, <c>registry</c>, <c>docker</c>, <c>oci</c> or <c>cacheonly</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Folder or file that the output goes to, <c>-</c> for bytes on the pipeline; null where the type needs none.</summary>
    public string? Destination { get; init; }

    /// <summary>All other attributes, as BuildKit names them. Later ones win over earlier ones.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>Reads docker's text form: comma-separated <c>key=value</c> pairs (RFC 4180 quoting), a folder, or <c>-</c> for a tar on the pipeline.</summary>
    /// <param name="text">For example <c>type=tar,dest=out.tar</c>.</param>
    /// <returns>The output.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.OutputInvalid"/>, naming the part.</exception>
    public static OutputSpec Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw Invalid("An output is empty");
        }

        if (!CommaSeparated.TryRead(text, out var fields) || fields.All(string.IsNullOrEmpty))
        {
            throw Invalid($"'{text}' is not an output: its quotes or commas do not fit");
        }

        if (text.Trim() == "-")
        {
            return new OutputSpec { Type = "tar", Destination = "-" };
        }

        if (fields.Count == 1 && !fields[0].StartsWith("type=", StringComparison.OrdinalIgnoreCase))
        {
            if (fields[0].Contains('=', StringComparison.Ordinal))
            {
                throw Invalid($"'{text}' is not an output: it has no type, and to be a folder's name it would need 'type=local,dest=' before it");
            }

            return new OutputSpec { Type = "local", Destination = fields[0] };
        }

        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var field in fields)
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw Invalid($"'{text}' is not an output: the part '{field}' is not key=value");
            }

            pairs.Add(new(field[..equals].Trim(), field[(equals + 1)..]));
        }

        return From(pairs, text);
    }

    /// <summary>Makes an output of keys and values, as a hashtable has them; keys are compared without case.</summary>
    /// <param name="pairs">Keys and values; <c>Destination</c> is another word for <c>dest</c>.</param>
    /// <param name="source">What the user wrote, for error messages.</param>
    /// <returns>The output.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.OutputInvalid"/>, naming the part.</exception>
    public static OutputSpec From(IEnumerable<KeyValuePair<string, string>> pairs, string source)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        string? type = null;
        string? destination = null;
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
        {
            switch (key.ToLowerInvariant())
            {
                case "type":
                    type = value.Trim().ToLowerInvariant();
                    break;
                case "dest" or "destination":
                    destination = value;
                    break;
                case var other:
                    attributes[other] = value;
                    break;
            }
        }

        return string.IsNullOrEmpty(type)
            ? throw Invalid($"'{source}' is not an output: it has no type")
            : new OutputSpec { Type = type, Destination = destination, Attributes = attributes };
    }

    /// <inheritdoc/>
    public override string ToString()
        => string.Join(',', new[] { $"type={Type}" }
            .Concat(Destination is null ? [] : [$"dest={Destination}"])
            .Concat(Attributes.Select(a => $"{a.Key}={a.Value}"))
            .Select(CommaSeparated.Quote));

    private static BuildxException Invalid(string problem) => new(BuildxFailure.OutputInvalid, problem + ".", Forms);
}
