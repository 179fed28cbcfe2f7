using Tomlyn.Model;

namespace BuildxPS.Engine.Builders.Configuration;

/// <summary>
/// What a user says about registries in plain words, to be written into a builder's config: the <c>registry</c> tables of
/// buildkitd.toml. What is said of one registry replaces what the config says of the same.
/// </summary>
public sealed record RegistrySettings
{
    /// <summary>Registries that are spoken to over plain http.</summary>
    public IReadOnlyList<string> InsecureHosts { get; init; } = [];

    /// <summary>Registries whose https certificate is not checked.</summary>
    public IReadOnlyList<string> SkipTlsVerifyHosts { get; init; } = [];

    /// <summary>Registries that are asked first in the place of another, by that other one.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Mirrors { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>PEM files with the authorities of a registry's certificate, absolute, by registry.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> CaFiles { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>Whether nothing is said.</summary>
    public bool IsEmpty => InsecureHosts.Count == 0 && SkipTlsVerifyHosts.Count == 0 && Mirrors.Count == 0 && CaFiles.Count == 0;

    /// <summary>Writes the settings into a config.</summary>
    /// <param name="config">The config.</param>
    /// <returns>Whether it was changed.</returns>
    internal bool Apply(TomlTable config)
    {
        foreach (var host in InsecureHosts)
        {
            Set(TableOf(config, host), "http", true);
        }

        foreach (var host in SkipTlsVerifyHosts)
        {
            Set(TableOf(config, host), "insecure", true);
            UseHttps(config, host);
        }

        foreach (var (host, mirrors) in Mirrors)
        {
            Set(TableOf(config, host), "mirrors", ArrayOf(mirrors));
        }

        foreach (var (host, files) in CaFiles)
        {
            Set(TableOf(config, host), "ca", ArrayOf(files));
            UseHttps(config, host);
        }

        return !IsEmpty;
    }

    /// <summary>Who says how a certificate is checked means https; engines would ask a loopback address over http, and one that had http = true.</summary>
    private void UseHttps(TomlTable config, string host)
    {
        if (!InsecureHosts.Contains(host))
        {
            Set(TableOf(config, host), "http", false);
        }
    }

    private static TomlTable TableOf(TomlTable config, string host)
    {
        var registries = Child(config, "registry", StringComparison.OrdinalIgnoreCase);
        return Child(registries, host, StringComparison.Ordinal);
    }

    private static TomlTable Child(TomlTable table, string key, StringComparison comparison)
    {
        var name = table.Keys.FirstOrDefault(k => k.Equals(key, comparison)) ?? key;
        if (!table.TryGetValue(name, out var value) || value is not TomlTable child)
        {
            child = [];
            table[name] = child;
        }

        return child;
    }

    /// <summary>buildkitd takes keys in any case, so that one of another case is the same.</summary>
    private static void Set(TomlTable table, string key, object value)
        => table[table.Keys.FirstOrDefault(k => k.Equals(key, StringComparison.OrdinalIgnoreCase)) ?? key] = value;

    private static TomlArray ArrayOf(IReadOnlyList<string> values)
    {
        var array = new TomlArray();
        foreach (var value in values)
        {
            array.Add(value);
        }

        return array;
    }
}
