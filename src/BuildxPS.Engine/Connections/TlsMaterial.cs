using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BuildxPS.Engine.Connections;

/// <summary>Where the certificates for an encrypted connection lie. Nothing is read before it is needed.</summary>
internal sealed record TlsMaterial
{
    private const int MaxFileBytes = 1 << 20;

    /// <summary>File with the authorities to trust; null trusts those of the system.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>File with our certificate; null shows none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>File with our certificate's key.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Whether any certificate of the engine is accepted. Only a user's own setting sets it.</summary>
    public bool SkipVerification { get; init; }

    /// <summary>The name that the engine's certificate must be for; null for the address's host.</summary>
    public string? ServerName { get; init; }

    /// <summary>What a user can do about a file that cannot be used.</summary>
    public string Advice { get; init; } = "Give ca.pem, cert.pem and key.pem in the folder that DOCKER_CERT_PATH names, or create the docker context again with them.";

    /// <summary>Reads the authorities.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where those of the system are trusted.</returns>
    public async Task<X509Certificate2Collection?> ReadAuthoritiesAsync(CancellationToken cancellationToken)
    {
        if (AuthorityFile is null || SkipVerification)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        var text = await ReadAsync(AuthorityFile, cancellationToken).ConfigureAwait(false);
        try
        {
            authorities.ImportFromPem(text);
        }
        catch (CryptographicException e)
        {
            throw Invalid(AuthorityFile, "it holds no valid certificate in PEM", e);
        }

        return authorities.Count > 0 ? authorities : throw Invalid(AuthorityFile, "it holds no certificate in PEM", null);
    }

    /// <summary>Reads our certificate with its key.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where we have none.</returns>
    public async Task<X509Certificate2?> ReadCertificateAsync(CancellationToken cancellationToken)
    {
        if (CertificateFile is null || KeyFile is null)
        {
            return null;
        }

        var certificate = await ReadAsync(CertificateFile, cancellationToken).ConfigureAwait(false);
        var key = await ReadAsync(KeyFile, cancellationToken).ConfigureAwait(false);
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
        {
            throw Invalid(KeyFile, "the key is encrypted, which docker does not take either", null);
        }

        try
        {
            return Usable(X509Certificate2.CreateFromPem(certificate, key));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Invalid(CertificateFile, $"it and the key {KeyFile} are not a certificate and its key in PEM", e);
        }
    }

    private static X509Certificate2 Usable(X509Certificate2 certificate)
    {
        if (!OperatingSystem.IsWindows())
        {
            return certificate;
        }

        // Windows' TLS does not take a key that lives in memory only; one that came from a PKCS#12 blob it does.
        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
        }
    }

    private async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            var info = new FileInfo(file);
            return info.Exists && info.Length > MaxFileBytes
                ? throw Invalid(file, "it is larger than 1 MiB", null)
                : await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Invalid(file, e is FileNotFoundException or DirectoryNotFoundException ? "it does not exist" : e.Message, e);
        }
    }

    private BuildxException Invalid(string file, string reason, Exception? inner) => new(
        BuildxFailure.ConfigurationInvalid,
        $"The TLS file {file} cannot be used: {reason}.",
        Advice,
        inner);
}
