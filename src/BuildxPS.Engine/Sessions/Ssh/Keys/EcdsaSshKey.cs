using System.Security.Cryptography;

namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>An ECDSA key on one of NIST's curves (RFC 5656).</summary>
internal sealed class EcdsaSshKey : SshKey
{
    private readonly ECDsa _key;
    private readonly string _curve;
    private readonly HashAlgorithmName _hash;

    private EcdsaSshKey(ECDsa key, string curve, HashAlgorithmName hash)
    {
        _key = key;
        _curve = curve;
        _hash = hash;
    }

    /// <summary>Takes a key.</summary>
    /// <param name="key">An object for it, disposed with this one.</param>
    /// <param name="import">Reads the key into it.</param>
    /// <returns>The key.</returns>
    /// <exception cref="CryptographicException">It is no key, or its curve is none that SSH has.</exception>
    public static EcdsaSshKey Create(ECDsa key, Action<ECDsa> import)
    {
        try
        {
            import(key);
            var parameters = key.ExportParameters(includePrivateParameters: false);
            var (curve, hash) = CurveOf(parameters.Curve);
            if (!key.VerifyData(Probe, key.SignData(Probe, hash), hash))
            {
                throw new CryptographicException(PartsDoNotFit);
            }

            var blob = new SshWriter();
            blob.WriteString("ecdsa-sha2-" + curve);
            blob.WriteString(curve);
            blob.WriteString([0x04, .. parameters.Q.X!, .. parameters.Q.Y!]);
            return new EcdsaSshKey(key, curve, hash) { PublicKey = blob.Written };
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>A curve by SSH's name for it.</summary>
    /// <param name="name">For example <c>nistp256</c>.</param>
    /// <returns>The curve; null if SSH has none of that name.</returns>
    public static ECCurve? FindCurve(string name) => name switch
    {
        "nistp256" => ECCurve.NamedCurves.nistP256,
        "nistp384" => ECCurve.NamedCurves.nistP384,
        "nistp521" => ECCurve.NamedCurves.nistP521,
        _ => null,
    };

    /// <inheritdoc/>
    public override void Dispose() => _key.Dispose();

    /// <inheritdoc/>
    protected override byte[]? SignAlone(ReadOnlySpan<byte> data, SshSignatureFlags flags)
    {
        if (flags != SshSignatureFlags.None)
        {
            return null;
        }

        var signature = _key.SignData(data, _hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation).AsSpan();
        var numbers = new SshWriter();
        numbers.WriteLargeNumber(signature[..(signature.Length / 2)]);
        numbers.WriteLargeNumber(signature[(signature.Length / 2)..]);
        return Format("ecdsa-sha2-" + _curve, numbers.Written.Span);
    }

    /// <summary>Windows tells a curve by its name, the others by its number.</summary>
    private static (string Name, HashAlgorithmName Hash) CurveOf(ECCurve curve) => (curve.IsNamed ? curve.Oid.Value ?? curve.Oid.FriendlyName : null) switch
    {
        "1.2.840.10045.3.1.7" or "nistP256" or "ECDSA_P256" or "ECDH_P256" => ("nistp256", HashAlgorithmName.SHA256),
        "1.3.132.0.34" or "nistP384" or "ECDSA_P384" or "ECDH_P384" => ("nistp384", HashAlgorithmName.SHA384),
        "1.3.132.0.35" or "nistP521" or "ECDSA_P521" or "ECDH_P521" => ("nistp521", HashAlgorithmName.SHA512),
        _ => throw new CryptographicException("its curve is not P-256, P-384 or P-521"),
    };
}
