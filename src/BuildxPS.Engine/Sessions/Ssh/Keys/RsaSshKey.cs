using System.Security.Cryptography;

namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>An RSA key (RFC 4253, section 6.6; RFC 8332).</summary>
internal sealed class RsaSshKey : SshKey
{
    private readonly RSA _key;

    private RsaSshKey(RSA key) => _key = key;

    /// <summary>Takes a key.</summary>
    /// <param name="key">An object for it, disposed with this one.</param>
    /// <param name="import">Reads the key into it.</param>
    /// <returns>The key.</returns>
    /// <exception cref="CryptographicException">It is no key.</exception>
    public static RsaSshKey Create(RSA key, Action<RSA> import)
    {
        try
        {
            import(key);
            if (!key.VerifyData(Probe, key.SignData(Probe, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
            {
                throw new CryptographicException(PartsDoNotFit);
            }

            var parameters = key.ExportParameters(includePrivateParameters: false);
            var blob = new SshWriter();
            blob.WriteString("ssh-rsa");
            blob.WriteLargeNumber(parameters.Exponent);
            blob.WriteLargeNumber(parameters.Modulus);
            return new RsaSshKey(key) { PublicKey = blob.Written };
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _key.Dispose();

    /// <inheritdoc/>
    protected override byte[]? SignAlone(ReadOnlySpan<byte> data, SshSignatureFlags flags) => flags switch
    {
        SshSignatureFlags.RsaSha512 => Format("rsa-sha2-512", _key.SignData(data, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1)),
        SshSignatureFlags.RsaSha256 => Format("rsa-sha2-256", _key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
        // An old server knows no other, and only the client knows the server.
        SshSignatureFlags.None => Format("ssh-rsa", _key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1)),
        _ => null,
    };
}
