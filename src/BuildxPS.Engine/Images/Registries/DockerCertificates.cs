using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>
/// The certificates for registries that docker keeps in <c>certs.d/HOST[:PORT]</c>: <c>*.crt</c> are authorities,
/// <c>*.cert</c> and <c>*.key</c> of the same name prove who asks.
/// </summary>
internal static class DockerCertificates
{
    private const int MaxFolders = 1000;

    private static readonly EnumerationOptions s_options = new() { IgnoreInaccessible = true, MatchCasing = MatchCasing.CaseInsensitive };

    /// <summary>Lists the files, without reading them.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>What is trusted by them.</returns>
    public static RegistryTrust List(ClientEnvironment environment)
    {
        var authorities = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);
        var certificates = new Dictionary<string, IReadOnlyList<ClientCertificate>>(StringComparer.OrdinalIgnoreCase);
        foreach (var folder in FoldersOf(environment).Where(Directory.Exists).SelectMany(Subfolders))
        {
            var (found, own) = (Files(folder, "*.crt"), Files(folder, "*.cert"));
            foreach (var host in HostsOf(Path.GetFileName(folder), environment.IsWindows))
            {
                Add(authorities, host, found);
                Add(certificates, host, [.. own.Select(c => new ClientCertificate { CertificateFile = c, KeyFile = Path.ChangeExtension(c, ".key") })]);
            }
        }

        return new RegistryTrust { HostCaFiles = authorities, HostCertificates = certificates };
    }

    /// <summary>Where docker looks: the system's folder, that of a daemon without root, that of Docker Desktop.</summary>
    private static IEnumerable<string> FoldersOf(ClientEnvironment environment)
    {
        yield return environment.IsWindows
            ? Path.Combine(environment["ProgramData"] ?? @"C:\ProgramData", "docker", "certs.d")
            : "/etc/docker/certs.d";
        yield return Path.Combine(environment["XDG_CONFIG_HOME"] ?? Path.Combine(environment.HomeDirectory, ".config"), "docker", "certs.d");
        yield return Path.Combine(DockerConfiguration.FolderOf(environment), "certs.d");
    }

    // No file's name on Windows has a colon, so docker leaves it out there: any digits at the end may be a port.
    private static IEnumerable<string> HostsOf(string name, bool isWindows)
    {
        yield return name;
        for (var at = name.Length - 1; isWindows && at > 0 && char.IsAsciiDigit(name[at]); at--)
        {
            yield return $"{name[..at]}:{name[at..]}";
        }
    }

    private static void Add<T>(Dictionary<string, IReadOnlyList<T>> to, string host, IReadOnlyList<T> found)
    {
        if (found.Count > 0)
        {
            to[host] = [.. to.GetValueOrDefault(host, []), .. found];
        }
    }

    private static IReadOnlyList<string> Subfolders(string folder)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(folder, "*", s_options).Take(MaxFolders).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's folder; what it would have said is missing where the registry's certificate is checked.
            return [];
        }
    }

    private static IReadOnlyList<string> Files(string folder, string pattern)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, pattern, s_options).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
