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

    /// <summary>PEM files with authorities that are trusted for one host, by host.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> HostCaFiles { get; init; }
        = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);
}
