using System.Text;
using Tomlyn;
using Tomlyn.Model;

namespace BuildxPS.Engine.Builders.Configuration;

/// <summary>
/// What a node's stored config says about registries, so that this client trusts what the builder trusts: else it could
/// not read back what the builder has just pushed.
/// </summary>
internal static class ConfiguredTrust
{
    private const string ContainerFolder = "/etc/buildkit/";

    /// <summary>Reads the settings.</summary>
    /// <param name="files">The node's files, by path below <c>/etc/buildkit</c>; null for none.</param>
    /// <returns>The trust; nothing beyond the defaults where there is no config, or one that cannot be read.</returns>
    public static RegistryTrust Read(IReadOnlyDictionary<string, byte[]>? files)
    {
        if (files?.GetValueOrDefault(BuilderConfigFile.FileName) is not { } bytes || TryParse(bytes) is not { } table)
        {
            return RegistryTrust.Default;
        }

        var insecure = new List<string>();
        var unverified = new List<string>();
        var authorities = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var certificates = new Dictionary<string, IReadOnlyList<ClientCertificate>>(StringComparer.OrdinalIgnoreCase);
        var mirrors = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);
        foreach (var (host, value) in Find(table, "registry") as TomlTable ?? [])
        {
            if (value is not TomlTable settings)
            {
                continue;
            }

            if (Find(settings, "http") is true)
            {
                insecure.Add(host);
            }

            if (Find(settings, "insecure") is true)
            {
                unverified.Add(host);
            }

            if (Find(settings, "ca") is TomlArray paths && string.Join('\n', paths.OfType<string>().Select(p => ContentOf(p, files))) is { Length: > 0 } text)
            {
                authorities[host] = text;
            }

            if (PairsOf(settings, files) is { Count: > 0 } pairs)
            {
                certificates[host] = pairs;
            }

            if (Find(settings, "mirrors") is TomlArray hosts)
            {
                mirrors[host] = [.. hosts.OfType<string>().Where(m => ImageReference.TryParse(m + "/x", out _, out _))];
            }
        }

        return new RegistryTrust
        {
            InsecureHosts = insecure,
            SkipTlsVerifyHosts = unverified,
            HostCaCertificates = authorities,
            HostCertificates = certificates,
            Mirrors = mirrors,
        };
    }

    private static List<ClientCertificate> PairsOf(TomlTable settings, IReadOnlyDictionary<string, byte[]> files)
        => [.. (Find(settings, "keypair") as IEnumerable<object?> ?? []).OfType<TomlTable>()
            .Select(p => $"{ContentOf(Find(p, "cert") as string ?? "", files)}\n{ContentOf(Find(p, "key") as string ?? "", files)}")
            .Where(p => p.Length > 1)
            .Select(p => new ClientCertificate { Pem = p })];

    private static TomlTable? TryParse(byte[] bytes)
    {
        try
        {
            return TomlSerializer.Deserialize<TomlTable>(Encoding.UTF8.GetString(bytes));
        }
        catch (TomlException)
        {
            // Somebody edited the store by hand; the engine itself will say what is wrong with it.
            return null;
        }
    }

    private static string ContentOf(string path, IReadOnlyDictionary<string, byte[]> files)
        => path.StartsWith(ContainerFolder, StringComparison.Ordinal) && files.TryGetValue(path[ContainerFolder.Length..], out var content)
            ? Encoding.UTF8.GetString(content)
            : "";

    private static object? Find(TomlTable table, string key)
        => table.FirstOrDefault(p => p.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Value;
}
