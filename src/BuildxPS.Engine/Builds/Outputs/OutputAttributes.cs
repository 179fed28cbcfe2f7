using System.Globalization;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>
/// The attributes that exporters know, and what their values can be. Engines find a wrong value when everything has been
/// built, and take a wrong name for something to note down, so both are looked at before.
/// </summary>
public static class OutputAttributes
{
    private const string Files = "local tar";
    private const string Commits = "image registry docker oci";
    private const string Stores = "image registry docker";
    private const string Booleans = "true or false";
    private const string WholeNumber = "a whole number";

    private delegate string? ValueCheck(string value);

    private static readonly Dictionary<string, (string Types, ValueCheck Check)> s_known = new(StringComparer.Ordinal)
    {
        ["platform-split"] = (Files, Boolean),
        ["attestation-prefix"] = (Files, Anything),
        ["mode"] = ("local", value => value is "copy" or "delete" ? null : "copy or delete"),
        ["source-date-epoch"] = ($"{Files} {Commits}", value => value.Length == 0 || IsNumber(value) ? null : "seconds since 1970, for example 1700000000"),
        ["name"] = (Commits, Anything),
        ["compression"] = (Commits, value => value is "uncompressed" or "gzip" or "estargz" or "zstd" ? null : "uncompressed, gzip, estargz or zstd"),
        ["compression-level"] = (Commits, value => IsNumber(value) ? null : WholeNumber),
        ["force-compression"] = (Commits, Switch),
        ["oci-mediatypes"] = (Commits, Boolean),
        ["oci-artifact"] = (Commits, Boolean),
        ["attestation-inline"] = (Commits, Boolean),
        ["prefer-nondist-layers"] = (Commits, Boolean),
        ["rewrite-timestamp"] = (Commits, Boolean),
        ["buildinfo"] = (Commits, Boolean),
        ["buildinfo-attrs"] = (Commits, Boolean),
        ["prefer-image-digest"] = (Commits, Boolean),
        ["push"] = (Commits, Switch),
        ["push-by-digest"] = (Stores, Switch),
        ["registry.insecure"] = (Stores, Switch),
        ["unpack"] = (Stores, Switch),
        ["store"] = (Stores, Switch),
        ["name-canonical"] = (Stores, Switch),
        ["dangling-name-prefix"] = (Stores, Anything),
        // BuildKit's own spelling.
        ["danging-name-empty-only"] = (Stores, Switch),
        ["tar"] = ("docker oci", Switch),
        ["context"] = ("docker", value => value.Length > 0 ? null : "the name of a docker context"),
    };

    /// <summary>The attributes that outputs of a type know, besides <c>dest</c>.</summary>
    /// <param name="type">The type, for example <c>image</c>.</param>
    /// <returns>Names in their order; none for a type that is not known.</returns>
    public static IEnumerable<string> NamesFor(string type)
        => s_known.Where(k => Knows(k.Value.Types, type)).Select(k => k.Key).Order(StringComparer.Ordinal);

    /// <summary>The values that an attribute can have, where those are words.</summary>
    /// <param name="name">The attribute.</param>
    /// <returns>The words; empty where it can have others.</returns>
    public static IReadOnlyList<string> ValuesFor(string name) => name switch
    {
        "mode" => ["copy", "delete"],
        "compression" => ["gzip", "zstd", "estargz", "uncompressed"],
        _ => s_known.TryGetValue(name, out var known) && (known.Check == Boolean || known.Check == Switch) ? ["true", "false"] : [],
    };

    /// <summary>Checks the values of an output's attributes.</summary>
    /// <param name="spec">The output.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.OutputInvalid"/>, naming the attribute.</exception>
    public static void Check(OutputSpec spec)
    {
        foreach (var (name, value) in spec.Attributes)
        {
            if (!s_known.TryGetValue(name, out var known))
            {
                continue;
            }

            if (!Knows(known.Types, spec.Type) && Knows(Files, spec.Type))
            {
                throw Invalid(
                    $"The output '{spec}' has the attribute '{name}', which images have and the type '{spec.Type}' does not",
                    $"Leave {name} out; besides type and dest there are {string.Join(", ", NamesFor(spec.Type))}.");
            }

            if (Knows(known.Types, spec.Type) && known.Check(value) is { } right)
            {
                throw Invalid(
                    $"The output '{spec}' has {name}={value}, which is {(right == Booleans ? "neither true nor false" : $"not {right}")}",
                    $"Write {name}={Example(right)}, or leave it out.");
            }
        }

        if (Knows(Commits, spec.Type))
        {
            CheckLevel(spec);
            CheckMediaTypes(spec);
        }
    }

    /// <summary>What is to be said of attributes that the output's exporter does not know.</summary>
    /// <param name="spec">The output.</param>
    /// <returns>A sentence for each.</returns>
    public static IEnumerable<string> Warnings(OutputSpec spec)
        => from attribute in spec.Attributes.Keys.Order(StringComparer.Ordinal)
           where !(s_known.TryGetValue(attribute, out var known) ? Knows(known.Types, spec.Type) : IsAnnotation(attribute) && Knows(Commits, spec.Type))
           select $"The output '{spec}' has the attribute '{DisplayText.Line(attribute)}', which the type '{spec.Type}' is not known to have: it is sent to the engine as it is, and may have no effect."
               + (Nearest(attribute, spec.Type) is { } nearest ? $" Did you mean {nearest}?" : "");

    private static bool Knows(string types, string type) => types.Split(' ').Contains(type);

    private static bool IsAnnotation(string name)
        => name.StartsWith("annotation", StringComparison.Ordinal) && name.Length > "annotation".Length && name["annotation".Length] is '.' or '-' or '[';

    private static string? Anything(string value) => null;

    private static string? Boolean(string value) => GoText.Boolean(value) is null ? Booleans : null;

    /// <summary>Some booleans may stand without a value, and are on then.</summary>
    private static string? Switch(string value) => value.Length == 0 ? null : Boolean(value);

    private static bool IsNumber(string value) => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static string Example(string right) => right switch
    {
        Booleans => "true or false",
        WholeNumber => "3, or another number from 0 to 9 (zstd: 22)",
        _ => right,
    };

    private static void CheckLevel(OutputSpec spec)
    {
        if (!spec.Attributes.TryGetValue("compression-level", out var text))
        {
            return;
        }

        var compression = spec.Attributes.GetValueOrDefault("compression", "gzip");
        var most = compression == "zstd" ? 22 : 9;
        if (compression != "uncompressed" && long.Parse(text, CultureInfo.InvariantCulture) is var level && (level < 0 || level > most))
        {
            throw Invalid(
                FormattableString.Invariant($"The output '{spec}' has compression-level={text}, and levels of {compression} are from 0 to {most}"),
                FormattableString.Invariant($"Write compression-level={most}, or another number up to it."));
        }
    }

    private static void CheckMediaTypes(OutputSpec spec)
    {
        if (!spec.Attributes.TryGetValue("oci-mediatypes", out var text) || GoText.Boolean(text) != false)
        {
            return;
        }

        var conflict = spec.Attributes.GetValueOrDefault("compression") == "estargz" ? "compression=estargz"
            : spec.Attributes.TryGetValue("oci-artifact", out var artifact) && GoText.Boolean(artifact) == true ? "oci-artifact=true"
            : null;
        if (conflict is not null)
        {
            throw Invalid($"The output '{spec}' has oci-mediatypes=false and {conflict}, which only OCI's media types have", $"Write oci-mediatypes=true, or leave {conflict} out.");
        }
    }

    /// <summary>The attribute that a name is a slip of: one letter more, less or other, or two that changed places.</summary>
    private static string? Nearest(string name, string type)
        => NamesFor(type).Select(k => (Name: k, Distance: Distance(k, name))).Where(k => k.Distance <= 2).OrderBy(k => k.Distance).Select(k => k.Name).FirstOrDefault();

    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 2)
        {
            return int.MaxValue;
        }

        var above = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(row[j - 1], above[j]) + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            }

            above = row;
        }

        return above[b.Length];
    }

    private static BuildxException Invalid(string problem, string advice) => new(BuildxFailure.OutputInvalid, problem + ".", advice);
}
