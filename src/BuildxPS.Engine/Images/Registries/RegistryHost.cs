using System.Net;
using System.Net.Sockets;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>A registry's host and how it may be spoken to.</summary>
internal sealed record RegistryHost
{
    private const string Hub = "docker.io";
    private const string HubApi = "registry-1.docker.io";

    /// <summary>The host as users know it: <c>docker.io</c>, <c>localhost:5000</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The host that answers, with its port if it has one of its own.</summary>
    public required string Authority { get; init; }

    /// <summary>Only plain http is spoken, because the user said so.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>The certificate is not checked, because the user said so.</summary>
    public bool SkipTlsVerify { get; init; }

    /// <summary>Files with authorities to trust beside the machine's.</summary>
    public IReadOnlyList<string> CaFiles { get; init; } = [];

    /// <summary>Authorities to trust beside the machine's, in PEM; empty for none.</summary>
    public string CaText { get; init; } = "";

    /// <summary>Certificates that it is shown.</summary>
    public IReadOnlyList<ClientCertificate> Certificates { get; init; } = [];

    /// <summary>Hosts, with a path or without, that are asked before it.</summary>
    public IReadOnlyList<string> Mirrors { get; init; } = [];

    /// <summary>It is this machine.</summary>
    public bool IsLoopback { get; init; }

    /// <summary>
    /// Schemes to try, in order. Plain http is tried only on this machine itself, where nobody can listen in between,
    /// and not where a word about its certificate says that it speaks https.
    /// </summary>
    public IReadOnlyList<string> Schemes => IsInsecure ? ["http"]
        : IsLoopback && !SkipTlsVerify && !HasOwnCa ? ["http", "https"]
        : ["https"];

    /// <summary>Credentials may travel over plain http to it.</summary>
    public bool AllowsPlainHttp => IsInsecure || IsLoopback;

    /// <summary>What a user types to log in.</summary>
    public string LoginCommand => Name == Hub ? "Connect-BuildxRegistry" : "Connect-BuildxRegistry " + Name;

    private bool HasOwnCa { get; init; }

    /// <summary>Looks up how a registry may be spoken to.</summary>
    /// <param name="name">The registry of an image reference, or the authority of an address.</param>
    /// <param name="trust">What the user trusts.</param>
    /// <returns>The host.</returns>
    public static RegistryHost Create(string name, RegistryTrust trust)
    {
        var authority = name is Hub or "index.docker.io" ? HubApi : name;
        var own = trust.HostCaFiles.FirstOrDefault(c => Same(c.Key, name, authority)).Value ?? [];
        var text = trust.HostCaCertificates.FirstOrDefault(c => Same(c.Key, name, authority)).Value ?? "";
        return new RegistryHost
        {
            Name = authority == HubApi ? Hub : name,
            Authority = authority,
            IsInsecure = trust.InsecureHosts.Any(h => Same(h, name, authority)),
            SkipTlsVerify = trust.SkipTlsVerifyHosts.Any(h => Same(h, name, authority)),
            HasOwnCa = own.Count > 0 || text.Length > 0,
            CaText = text,
            CaFiles = [.. own, .. trust.CaFiles],
            Certificates = trust.HostCertificates.FirstOrDefault(c => Same(c.Key, name, authority)).Value ?? [],
            Mirrors = trust.Mirrors.FirstOrDefault(c => Same(c.Key, name, authority)).Value ?? [],
            IsLoopback = IsLoopbackAuthority(authority),
        };
    }

    /// <summary>Whether what this registry gives over plain http may come from an address on plain http, or go there: the user would speak it there, too.</summary>
    /// <param name="address">The address that the registry names.</param>
    /// <param name="trust">What the user trusts.</param>
    /// <returns>Whether it may.</returns>
    public bool TrustsPlainHttpTo(Uri address, RegistryTrust trust)
        => Create(address.Authority, trust).AllowsPlainHttp
            || (IsInsecure && Uri.TryCreate("http://" + Authority, UriKind.Absolute, out var own) && own.Host.Equals(address.Host, StringComparison.OrdinalIgnoreCase));

    private static bool Same(string listed, string name, string authority)
        => listed.Equals(name, StringComparison.OrdinalIgnoreCase) || listed.Equals(authority, StringComparison.OrdinalIgnoreCase);

    // By its text alone: a name that a resolver turns into a loopback address is not known to stay one.
    private static bool IsLoopbackAuthority(string authority)
    {
        if (!Uri.TryCreate("http://" + authority, UriKind.Absolute, out var address))
        {
            return false;
        }

        var host = address.DnsSafeHost;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip)
                && (ip.AddressFamily != AddressFamily.InterNetworkV6 || !ip.IsIPv4MappedToIPv6));
    }
}
