using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Drivers;

/// <summary>The options of the remote driver, read as buildx reads them.</summary>
internal sealed record RemoteOptions
{
    private const string Known = "cacert, cert, key, servername and default-load";

    /// <summary>The name that the engine's certificate must be for; null for the address's host.</summary>
    public string? ServerName { get; init; }

    /// <summary>File with the authorities to trust; null where the connection is not encrypted.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>File with our certificate; null shows none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>File with our certificate's key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Whether builds without an output go into docker's images.</summary>
    public bool LoadsByDefault { get; init; }

    /// <summary>The certificates for the connection; null where it is not encrypted.</summary>
    public TlsMaterial? Tls => AuthorityFile is null ? null : new TlsMaterial
    {
        AuthorityFile = AuthorityFile,
        CertificateFile = CertificateFile,
        KeyFile = KeyFile,
        ServerName = ServerName,
        Advice = "Name existing PEM files in the driver options cacert, cert and key.",
    };

    /// <summary>Reads the options. No file is looked at.</summary>
    /// <param name="options">Names and values.</param>
    /// <returns>The options.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DriverOptionInvalid"/>, naming the option.</exception>
    public static RemoteOptions Parse(IReadOnlyDictionary<string, string> options)
    {
        var result = new RemoteOptions();
        foreach (var (name, value) in options.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            result = name switch
            {
                "servername" => result with { ServerName = value },
                "cacert" => result with { AuthorityFile = Absolute(name, value) },
                "cert" => result with { CertificateFile = Absolute(name, value) },
                "key" => result with { KeyFile = Absolute(name, value) },
                "default-load" => result with { LoadsByDefault = GoText.Boolean(value) ?? throw Invalid(name, value, "it is neither true nor false") },
                _ => throw Invalid(name, value, "the driver remote has no such option"),
            };
        }

        if (result is { AuthorityFile: null } and not { ServerName: null, CertificateFile: null, KeyFile: null })
        {
            throw Missing("cacert, the file with the authority that signed the engine's certificate");
        }

        return result.CertificateFile is null != result.KeyFile is null
            ? throw Missing(result.KeyFile is null ? "key, the key of the certificate in cert" : "cert, the certificate of the key in key")
            : result;
    }

    /// <summary>Refuses files that are not there, before a builder is made that could never be reached.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DriverOptionInvalid"/>, naming the file.</exception>
    public void CheckFiles()
    {
        foreach (var (name, file) in (ReadOnlySpan<(string, string?)>)[("cacert", AuthorityFile), ("cert", CertificateFile), ("key", KeyFile)])
        {
            if (file is not null && !File.Exists(file))
            {
                throw Invalid(name, file, "there is no such file");
            }
        }
    }

    private static string Absolute(string name, string value)
        => Path.IsPathFullyQualified(value) ? value : throw Invalid(name, value, "the path is not absolute");

    private static BuildxException Missing(string what) => new(
        BuildxFailure.DriverOptionInvalid,
        $"The driver options ask for an encrypted connection, and lack {what}.",
        "Give cacert for the engine's authority, and cert and key together where the engine asks for a certificate of yours.");

    private static BuildxException Invalid(string name, string value, string reason) => new(
        BuildxFailure.DriverOptionInvalid,
        $"The driver option {DisplayText.Line(name)}={DisplayText.Line(value)} is not valid: {reason}.",
        $"The options of the driver remote are {Known}.");
}
