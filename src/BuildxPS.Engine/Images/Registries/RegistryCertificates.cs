using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace BuildxPS.Engine.Images.Registries;

/// <summary>Checks registries' certificates against the machine's authorities and given ones.</summary>
internal static class RegistryCertificates
{
    /// <summary>Reads authorities in PEM.</summary>
    /// <param name="files">Files with some.</param>
    /// <param name="text">Some more; empty for none.</param>
    /// <returns>Their certificates.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>, naming the file.</exception>
    public static X509Certificate2Collection Read(IReadOnlyList<string> files, string text)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException error)
        {
            throw NotReadable("of the builder's config", error);
        }

        foreach (var file in files)
        {
            var before = certificates.Count;
            try
            {
                certificates.ImportFromPemFile(file);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
            {
                throw NotReadable(file, error);
            }

            if (certificates.Count == before)
            {
                throw NotReadable(file, null);
            }
        }

        return certificates;
    }

    /// <summary>Reads certificates with their keys.</summary>
    /// <param name="certificates">Files or text.</param>
    /// <returns>The certificates.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>, naming the file.</exception>
    public static X509Certificate2Collection ReadOwn(IReadOnlyList<ClientCertificate> certificates)
    {
        var own = new X509Certificate2Collection();
        foreach (var certificate in certificates)
        {
            try
            {
                own.Add(Usable(certificate.Pem is { } text
                    ? X509Certificate2.CreateFromPem(text, text)
                    : X509Certificate2.CreateFromPemFile(certificate.CertificateFile!, certificate.KeyFile)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                // The parser's own words are not repeated: they could hold a piece of the key.
                throw new BuildxException(
                    BuildxFailure.ConfigurationInvalid,
                    e is IOException or UnauthorizedAccessException
                        ? $"The certificate '{certificate}' for a registry, or its key, cannot be read: {DisplayText.Line(e.Message)}"
                        : $"The certificate '{certificate}' for a registry and its key are not a certificate and its key in PEM, without a password.",
                    "Name a PEM file with the certificate, and one with its key.",
                    e is IOException or UnauthorizedAccessException ? e : null);
            }
        }

        return own;
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

    /// <summary>TLS options for one kind of host.</summary>
    /// <param name="authorities">What is trusted beside the machine's own authorities.</param>
    /// <param name="own">What is shown of this client.</param>
    /// <param name="skipVerify">Accepts any certificate.</param>
    /// <returns>The options.</returns>
    public static SslClientAuthenticationOptions Options(X509Certificate2Collection authorities, X509Certificate2Collection own, bool skipVerify) => new()
    {
        ClientCertificates = own,
        LocalCertificateSelectionCallback = own.Count == 0 ? null : (_, _, _, _, issuers) => own.FirstOrDefault(c => issuers.Contains(c.Issuer)) ?? own[0],

        // Nothing is downloaded on a certificate's word: the addresses in it are the server's choice.
        CertificateChainPolicy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        },
        RemoteCertificateValidationCallback = (_, certificate, chain, errors)
            => skipVerify || Check(certificate as X509Certificate2, chain, errors, authorities),
    };

    private static bool Check(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            throw new CertificateRejectedException("the server showed none");
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            throw new CertificateRejectedException("it is for another host name");
        }

        if (!IsSignedByOneOf(authorities, certificate, chain))
        {
            throw new CertificateRejectedException(Reason(certificate, chain));
        }

        return true;
    }

    private static bool IsSignedByOneOf(X509Certificate2Collection authorities, X509Certificate2 certificate, X509Chain? shown)
    {
        if (authorities.Count == 0)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));

        // A given certificate need not be a root: users also name an intermediate, or the server's own. So an unknown
        // end of the chain is let pass here, and one of the given ones must be in the chain.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        chain.ChainPolicy.ExtraStore.AddRange(authorities);
        foreach (var element in shown?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(certificate)
            && chain.ChainElements.Any(e => authorities.Any(a => a.RawData.AsSpan().SequenceEqual(e.Certificate.RawData)));
    }

    private static string Reason(X509Certificate2 certificate, X509Chain? chain)
    {
        var flags = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, s) => all | s.Status);
        return flags.HasFlag(X509ChainStatusFlags.NotTimeValid)
            ? $"it is valid from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC only"
            : flags.HasFlag(X509ChainStatusFlags.UntrustedRoot) || flags.HasFlag(X509ChainStatusFlags.PartialChain)
                ? $"it is signed by an authority that is not trusted here ({DisplayText.Line(certificate.Issuer, 100)})"
                : $"it is not acceptable ({flags})";
    }

    private static BuildxException NotReadable(string file, Exception? inner) => new(
        BuildxFailure.ConfigurationInvalid,
        inner is null
            ? $"The file of certificate authorities '{file}' has no certificate in it."
            : $"The file of certificate authorities '{file}' cannot be read: {inner.Message}",
        "Name a PEM file with the authority's certificate.",
        inner);
}

/// <summary>A registry's certificate was not accepted.</summary>
internal sealed class CertificateRejectedException : AuthenticationException
{
    /// <summary>Creates the failure.</summary>
    /// <param name="reason">Why not, as the end of a sentence.</param>
    public CertificateRejectedException(string reason)
        : base(reason)
    {
    }
}
