namespace BuildxPS;

/// <summary>
/// One attestation that a build makes or leaves out: docker's <c>--attest</c>, and the short forms <c>--provenance</c> and
/// <c>--sbom</c>.
/// </summary>
public sealed record AttestationSpec
{
    /// <summary>The type of SLSA provenance.</summary>
    public const string Provenance = "provenance";

    /// <summary>The type of a bill of materials.</summary>
    public const string Sbom = "sbom";

    private const string Forms = "Write an attestation as text ('type=provenance,mode=max', 'type=sbom,generator=IMAGE'), as a hashtable (@{ Type = 'provenance'; Mode = 'max' }), or use -Provenance and -Sbom ($true, $false, 'mode=max').";

    private static readonly string[] s_provenance =
        ["mode", "version", "builder-id", "reproducible", "inline-only", "capture-usage", "complete-materials", "filename"];

    /// <summary>The type: <c>provenance</c> or <c>sbom</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Whether it is left out, also where it is made by default.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>All other attributes, as BuildKit names them: <c>mode</c>, <c>version</c>, <c>builder-id</c>, <c>generator</c>, …</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <summary>Reads docker's text form: comma-separated <c>key=value</c> pairs (RFC 4180 quoting).</summary>
    /// <param name="text">For example <c>type=provenance,mode=max</c>.</param>
    /// <returns>The attestation.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AttestationInvalid"/>, naming the part.</exception>
    public static AttestationSpec Parse(string text) => From(Pairs(text), text);

    /// <summary>Reads what follows <c>--provenance</c> or <c>--sbom</c>: a boolean, or attributes.</summary>
    /// <param name="type">The type.</param>
    /// <param name="text">For example <c>true</c>, or <c>mode=max</c>.</param>
    /// <returns>The attestation.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AttestationInvalid"/>, naming the part.</exception>
    public static AttestationSpec ParseShort(string type, string text) => ReadBoolean(text) is { } isWanted
        ? new AttestationSpec { Type = type, IsDisabled = !isWanted }
        : From(Pairs(text).Prepend(new("type", type)), text);

    /// <summary>Makes an attestation of keys and values, as a hashtable has them; <c>type</c> and <c>disabled</c> are compared without case.</summary>
    /// <param name="pairs">Keys and values.</param>
    /// <param name="source">What the user wrote, for error messages.</param>
    /// <returns>The attestation.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AttestationInvalid"/>, naming the part.</exception>
    public static AttestationSpec From(IEnumerable<KeyValuePair<string, string>> pairs, string source)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        string? type = null;
        var isDisabled = false;
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
        {
            switch (key.Trim().ToLowerInvariant())
            {
                case "type":
                    type = value.Trim().ToLowerInvariant();
                    break;
                case "disabled":
                    isDisabled = ReadBoolean(value) ?? throw Invalid($"'{source}' is not an attestation: disabled={value} is neither true nor false");
                    break;
                case var other:
                    attributes[other] = value;
                    break;
            }
        }

        return Checked(new AttestationSpec { Type = type ?? "", IsDisabled = isDisabled, Attributes = attributes }, source);
    }

    /// <summary>Its attributes as engines take them, sorted.</summary>
    /// <returns>For example <c>type=provenance,mode=max</c>.</returns>
    public override string ToString()
        => string.Join(',', new[] { $"type={Type}" }
            .Concat(IsDisabled ? ["disabled=true"] : [])
            .Concat(Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}"))
            .Select(CommaSeparated.Quote));

    private static AttestationSpec Checked(AttestationSpec spec, string source)
    {
        switch (spec.Type)
        {
            case "":
                throw Invalid($"'{source}' is not an attestation: it has no type");
            case Sbom:
                return spec;
            case Provenance:
                CheckProvenance(spec, source);
                return spec;
            default:
                throw Invalid($"'{source}' has the type '{spec.Type}', which is not available: there are provenance and sbom");
        }
    }

    private static void CheckProvenance(AttestationSpec spec, string source)
    {
        foreach (var (key, value) in spec.Attributes)
        {
            var problem = key switch
            {
                "mode" when value is not ("min" or "max" or "full") => $"the mode '{value}' is none of min, max and full",
                "version" when value is not ("v0.2" or "v1") => $"the version '{value}' is neither v0.2 nor v1",
                "reproducible" or "inline-only" or "capture-usage" or "complete-materials" when ReadBoolean(value) is null
                    => $"{key}={value} is neither true nor false",
                _ when !s_provenance.Contains(key) => $"the attribute '{key}' is not known; there are {string.Join(", ", s_provenance)}",
                _ => null,
            };
            if (problem is not null)
            {
                throw Invalid($"'{source}' is not an attestation: {problem}");
            }
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw Invalid("An attestation is empty");
        }

        if (!CommaSeparated.TryRead(text, out var fields))
        {
            throw Invalid($"'{text}' is not an attestation: its quotes or commas do not fit");
        }

        return fields.Select(field => field.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals
            ? new KeyValuePair<string, string>(field[..equals], field[(equals + 1)..])
            : throw Invalid($"'{text}' is not an attestation: the part '{field}' is not key=value"));
    }

    // As Go reads it, which is what docker documents.
    private static bool? ReadBoolean(string text) => text switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => null,
    };

    private static BuildxException Invalid(string problem) => new(BuildxFailure.AttestationInvalid, problem + ".", Forms);
}
