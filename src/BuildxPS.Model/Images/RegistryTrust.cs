namespace BuildxPS;

/// <summary>
/// How far registries are trusted. Without any of it a registry is spoken to over https with a certificate that this
/// machine trusts; one on this machine itself (<c>localhost</c>, <c>127.0.0.0/8</c>, <c>::1</c>) over plain http, or
/// over https if that is what it answers. Hosts are written as in an image reference: <c>host</c> or <c>host:port</c>.
/// </summary>
public sealed record RegistryTrust
{
    /// <summary>Nothing beyond the defaults.</summary>
    public static RegistryTrust Default { get; } = new();

    /// <summary>Hosts that are spoken to over plain http, credentials included.</summary>
    public IReadOnlyList<string> InsecureHosts { get; init; } = [];

    /// <summary>Hosts whose https certificate is not checked.</summary>
    public IReadOnlyList<string> SkipTlsVerifyHosts { get; init; } = [];

    /// <summary>PEM files with authorities that are trusted for every host, beside the machine's own.</summary>
    public IReadOnlyList<string> CaFiles { get; init; } = [];

    /// <summary>Authorities that are trusted for one host, as PEM text by host: what a builder's config holds.</summary>
    public IReadOnlyDictionary<string, string> HostCaCertificates { get; init; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>PEM files with authorities that are trusted for one host, by host.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> HostCaFiles { get; init; }
        = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Certificates that this client shows to one host, by host.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<ClientCertificate>> HostCertificates { get; init; }
        = new Dictionary<string, IReadOnlyList<ClientCertificate>>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Hosts, with a path or without, that are asked before a registry itself when something is read, by registry.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Mirrors { get; init; }
        = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Adds what another one trusts.</summary>
    /// <param name="other">The other one; where both name an authority for a host, this one's file counts as well.</param>
    /// <returns>What either trusts.</returns>
    public RegistryTrust With(RegistryTrust other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new RegistryTrust
        {
            InsecureHosts = [.. InsecureHosts, .. other.InsecureHosts],
            SkipTlsVerifyHosts = [.. SkipTlsVerifyHosts, .. other.SkipTlsVerifyHosts],
            CaFiles = [.. CaFiles, .. other.CaFiles],
            HostCaCertificates = Union(HostCaCertificates, other.HostCaCertificates),
            HostCaFiles = Union(HostCaFiles, other.HostCaFiles),
            HostCertificates = Union(HostCertificates, other.HostCertificates),
            Mirrors = Union(Mirrors, other.Mirrors),
        };
    }

    private static Dictionary<string, T> Union<T>(IReadOnlyDictionary<string, T> own, IReadOnlyDictionary<string, T> other)
        => new(own.UnionBy(other, p => p.Key, StringComparer.OrdinalIgnoreCase), StringComparer.OrdinalIgnoreCase);
}
