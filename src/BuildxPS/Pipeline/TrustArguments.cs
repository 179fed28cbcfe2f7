using System.Collections;

namespace BuildxPS.Pipeline;

/// <summary>Reads what users say about how far registries are trusted.</summary>
internal static class TrustArguments
{
    private const string CaForms = "Write -RegistryCa as the path of a PEM file, or as a hashtable of host and file (@{ 'registry.local:5000' = 'ca.pem' }).";

    /// <summary>Reads the arguments.</summary>
    /// <param name="insecure">Hosts for plain http.</param>
    /// <param name="skipVerify">Hosts whose certificate is not checked.</param>
    /// <param name="authorities">Files, or hashtables of host and file.</param>
    /// <param name="resolve">Makes a path absolute.</param>
    /// <param name="certificates">Hashtables of host and the files of a certificate and its key.</param>
    /// <returns>The trust.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>, naming the part.</exception>
    public static RegistryTrust Read(
        string[] insecure, string[] skipVerify, object[] authorities, Func<string, string> resolve, IDictionary[]? certificates = null)
    {
        var files = new List<string>();
        var hostFiles = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);
        foreach (var argument in authorities.Select(PairArguments.Unwrap))
        {
            if (argument is IDictionary table)
            {
                foreach (DictionaryEntry entry in table)
                {
                    hostFiles[CheckHost(entry.Key.ToString() ?? "", "-RegistryCa")] = [.. FilesOf(entry.Value).Select(resolve)];
                }
            }
            else
            {
                files.Add(resolve(FileOf(argument)));
            }
        }

        return new RegistryTrust
        {
            InsecureHosts = [.. insecure.Select(h => CheckHost(h, "-InsecureRegistry"))],
            SkipTlsVerifyHosts = [.. skipVerify.Select(h => CheckHost(h, "-SkipTlsVerify"))],
            CaFiles = files,
            HostCaFiles = hostFiles,
            HostCertificates = (certificates ?? []).SelectMany(t => t.Cast<DictionaryEntry>()).ToDictionary(
                e => CheckHost(e.Key.ToString() ?? "", "-RegistryCertificate"),
                e => CertificateOf(e.Value, resolve),
                StringComparer.OrdinalIgnoreCase),
        };
    }

    private static IReadOnlyList<ClientCertificate> CertificateOf(object? value, Func<string, string> resolve)
        => FilesOf(value).Select(resolve).ToList() switch
        {
            [var both] => [new ClientCertificate { CertificateFile = both, KeyFile = both }],
            [var certificate, var key] => [new ClientCertificate { CertificateFile = certificate, KeyFile = key }],
            var files => throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"-RegistryCertificate names {files.Count} files for one registry.",
                "Write -RegistryCertificate as a hashtable of host and files: @{ 'registry.local:5000' = 'client.pem', 'client.key' }; one file may hold both."),
        };

    private static IEnumerable<string> FilesOf(object? value)
        => PairArguments.Unwrap(value) is IEnumerable list and not string ? list.Cast<object?>().Select(FileOf) : [FileOf(value)];

    private static string FileOf(object? value) => PairArguments.Unwrap(value) switch
    {
        string { Length: > 0 } path => path,
        FileInfo file => file.FullName,
        var other => throw new BuildxException(
            BuildxFailure.ArgumentInvalid,
            $"A value of type {other?.GetType().Name ?? "null"} is not a file with certificates.",
            CaForms),
    };

    /// <summary>The host that a user means, also where an address is given, as docker's own login takes it.</summary>
    /// <param name="text">A host, or an address such as <c>https://index.docker.io/v1/</c>.</param>
    /// <param name="parameter">Where it was given.</param>
    /// <returns>The host as image references have it.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ArgumentInvalid"/>.</exception>
    public static string HostOf(string text, string parameter)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? text : text[(scheme + 3)..]).Split('/', 2)[0];
        return host is "docker.io" or "index.docker.io" or "registry-1.docker.io" ? "docker.io" : CheckHost(host, parameter);
    }

    /// <summary>Refuses a host that no reference can have: it would be trusted in vain, and without a word.</summary>
    /// <param name="host">The host.</param>
    /// <param name="parameter">Where it was given.</param>
    /// <returns>The host.</returns>
    public static string CheckHost(string host, string parameter)
        => ImageReference.TryParse(host + "/x", out var reference, out _) && reference.Registry.Equals(host, StringComparison.OrdinalIgnoreCase)
            ? host
            : throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"'{DisplayText.Line(host)}' ({parameter}) is not a registry's host.",
                "Write the host as image references have it, without a scheme: registry.local or registry.local:5000.");
}
