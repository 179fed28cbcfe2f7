using Tomlyn.Model;

namespace BuildxPS.Engine.Builders.Configuration;

/// <summary>The keys that buildkitd reads of its config file. It passes over others without a word, a misspelt one too.</summary>
internal sealed class ConfigSchema
{
    private static readonly ConfigSchema s_flag = new("true or false") { Accepts = v => v is bool };
    private static readonly ConfigSchema s_number = new("a whole number") { Accepts = v => v is long };
    private static readonly ConfigSchema s_text = new("a text in quotes") { Accepts = v => v is string };
    private static readonly ConfigSchema s_texts = new("a list of texts") { Accepts = v => v is TomlArray array && array.All(e => e is string) };
    private static readonly ConfigSchema s_amount = new("a number, or a text such as \"10GB\" or \"48h\"") { Accepts = v => v is long or string };
    private static readonly ConfigSchema s_any = new("a table") { Accepts = v => v is TomlTable, Others = new("anything") { Accepts = _ => true } };
    private static readonly ConfigSchema s_labels = new("a table") { Accepts = v => v is TomlTable, Others = s_text };

    private static readonly ConfigSchema s_policy = Table(
        ("all", s_flag), ("filters", s_texts), ("keepDuration", s_amount), ("keepBytes", s_amount), ("reservedSpace", s_amount),
        ("maxUsedSpace", s_amount), ("minFreeSpace", s_amount));

    private static readonly (string, ConfigSchema)[] s_worker =
    [
        ("enabled", s_flag), ("labels", s_labels), ("platforms", s_texts), ("snapshotter", s_text), ("rootless", s_flag),
        ("gc", s_flag), ("gckeepstorage", s_amount), ("reservedSpace", s_amount), ("maxUsedSpace", s_amount), ("minFreeSpace", s_amount),
        ("gcpolicy", ListOf(s_policy)), ("networkMode", s_text), ("cniConfigPath", s_text), ("cniBinaryPath", s_text),
        ("cniPoolSize", s_number), ("bridgeName", s_text), ("bridgeSubnet", s_text), ("defaultCgroupParent", s_text),
        ("apparmor-profile", s_text), ("selinux", s_flag), ("max-parallelism", s_number),
    ];

    private static readonly ConfigSchema s_registry = Table(
        ("mirrors", s_texts), ("http", s_flag), ("insecure", s_flag), ("ca", s_texts), ("tlsconfigdir", s_texts),
        ("keypair", ListOf(Table(("key", s_text), ("cert", s_text)))));

    /// <summary>The whole file.</summary>
    public static readonly ConfigSchema Root = Table(
        ("debug", s_flag), ("trace", s_flag), ("root", s_text), ("insecure-entitlements", s_texts), ("proxyNetwork", s_flag),
        ("log", Table(("format", s_text), ("level", s_text))),
        ("grpc", Table(
            ("address", s_texts), ("debugAddress", s_text), ("uid", s_number), ("gid", s_number), ("securityDescriptor", s_text),
            ("tls", Table(("cert", s_text), ("key", s_text), ("ca", s_text))))),
        ("otel", Table(("socketPath", s_text))),
        ("cdi", Table(("disabled", s_flag), ("specDirs", s_texts), ("autoAllowed", s_texts))),
        ("worker", Table(
            ("oci", Table([.. s_worker, ("noProcessSandbox", s_flag), ("binary", s_text), ("proxySnapshotterPath", s_text), ("stargzSnapshotter", s_any), ("userRemapUnsupported", s_text)])),
            ("containerd", Table([.. s_worker, ("address", s_text), ("namespace", s_text), ("runtime", Table(("name", s_text), ("path", s_text), ("options", s_any)))])))),
        ("registry", new ConfigSchema("a table") { Accepts = v => v is TomlTable, Others = s_registry }),
        ("dns", Table(("nameservers", s_texts), ("options", s_texts), ("searchDomains", s_texts))),
        ("history", Table(("maxAge", s_amount), ("maxEntries", s_number))),
        ("frontend", Table(
            ("dockerfile.v0", Table(("enabled", s_flag))),
            ("gateway.v0", Table(("enabled", s_flag), ("allowedRepositories", s_texts))))),
        ("system", Table(("platformsCacheMaxAge", s_amount), ("maxRegistryConcurrency", s_number))),
        ("provenanceEnvDir", s_text),
        ("cache", s_any));

    private readonly string _what;

    private ConfigSchema(string what) => _what = what;

    private Func<object?, bool> Accepts { get; init; } = _ => true;

    private IReadOnlyDictionary<string, ConfigSchema>? Keys { get; init; }

    private ConfigSchema? Others { get; init; }

    private ConfigSchema? Elements { get; init; }

    /// <summary>Checks a value and all in it.</summary>
    /// <param name="value">The value.</param>
    /// <param name="path">Where it is, as one would write it; empty for the file.</param>
    /// <param name="unknown">Takes the keys that buildkitd does not read.</param>
    /// <returns>What is wrong; null if nothing is.</returns>
    public string? Check(object? value, string path, List<string> unknown)
    {
        if (!Accepts(value))
        {
            return $"the key {path} must be {_what}";
        }

        if (Elements is not null)
        {
            return ElementsOf(value).Select(e => Elements.Check(e, path, unknown)).FirstOrDefault(p => p is not null);
        }

        if (value is not TomlTable table || (Keys is null && Others is null))
        {
            return null;
        }

        foreach (var (key, inner) in table)
        {
            // buildkitd's reader takes keys in any case.
            var schema = Keys?.FirstOrDefault(k => k.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Value ?? Others;
            var at = path.Length == 0 ? Quote(key) : $"{path}.{Quote(key)}";
            if (schema is null)
            {
                unknown.Add(at);
            }
            else if (schema.Check(inner, at, unknown) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static IEnumerable<object?> ElementsOf(object? value) => value as IEnumerable<object?> ?? [];

    private static string Quote(string key) => key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? key : $"\"{DisplayText.Line(key)}\"";

    private static ConfigSchema Table(params (string Key, ConfigSchema Value)[] keys) => new("a table")
    {
        Accepts = v => v is TomlTable,
        Keys = keys.ToDictionary(k => k.Key, k => k.Value, StringComparer.Ordinal),
    };

    private static ConfigSchema ListOf(ConfigSchema elements) => new("a list of tables")
    {
        Accepts = v => v is TomlTableArray || (v is TomlArray array && array.All(e => e is TomlTable)),
        Elements = elements,
    };
}
