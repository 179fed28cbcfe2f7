using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>OpenSSH's own format of private keys (PROTOCOL.key of OpenSSH).</summary>
internal static class OpenSshKeyFormat
{
    private const int MaxRsaBits = 8192;
    private const string Malformed = "it is damaged";

    private static ReadOnlySpan<byte> Magic => "openssh-key-v1\0"u8;

    /// <summary>Reads a key.</summary>
    /// <param name="data">The file's content, decoded.</param>
    /// <param name="isEncrypted">Whether it is protected by a passphrase.</param>
    /// <returns>The key; null if it is protected.</returns>
    /// <exception cref="CryptographicException">It is no key that can be used, and why.</exception>
    public static SshKey? Read(ReadOnlySpan<byte> data, out bool isEncrypted)
    {
        isEncrypted = false;
        if (!data.StartsWith(Magic))
        {
            throw new CryptographicException(Malformed);
        }

        var reader = new SshReader(data[Magic.Length..]);
        if (!reader.TryReadString(out var cipher) || !reader.TryReadString(out var derivation) || !reader.TryReadString(out _)
            || !reader.TryReadNumber(out var count) || count != 1 || !reader.TryReadString(out _) || !reader.TryReadString(out var inner))
        {
            throw new CryptographicException(Malformed);
        }

        isEncrypted = !cipher.SequenceEqual("none"u8) || !derivation.SequenceEqual("none"u8);
        return isEncrypted ? null : ReadInner(inner);
    }

    private static SshKey ReadInner(ReadOnlySpan<byte> data)
    {
        var reader = new SshReader(data);
        if (!reader.TryReadNumber(out var check) || !reader.TryReadNumber(out var same) || check != same || !reader.TryReadString(out var kind))
        {
            throw new CryptographicException(Malformed);
        }

        var type = Encoding.UTF8.GetString(kind[..Math.Min(kind.Length, 64)]);
        return type switch
        {
            "ssh-ed25519" => ReadEd25519(ref reader),
            "ssh-rsa" => ReadRsa(ref reader),
            "ecdsa-sha2-nistp256" or "ecdsa-sha2-nistp384" or "ecdsa-sha2-nistp521" => ReadEcdsa(ref reader),
            _ when type.StartsWith("sk-", StringComparison.Ordinal) => throw new CryptographicException("it belongs to a security key, which only an agent can ask to sign"),
            _ => throw new CryptographicException($"keys of type '{DisplayText.Line(type)}' are not supported; Ed25519, RSA and ECDSA are"),
        };
    }

    private static Ed25519SshKey ReadEd25519(ref SshReader reader)
    {
        if (!reader.TryReadString(out var publicKey) || !reader.TryReadString(out var privateKey) || privateKey.Length != 2 * Ed25519SshKey.KeyLength)
        {
            throw new CryptographicException(Malformed);
        }

        return Ed25519SshKey.Create(privateKey[..Ed25519SshKey.KeyLength], publicKey);
    }

    private static EcdsaSshKey ReadEcdsa(ref SshReader reader)
    {
        if (!reader.TryReadString(out var name) || EcdsaSshKey.FindCurve(Encoding.UTF8.GetString(name)) is not { } curve
            || !reader.TryReadString(out var point) || !reader.TryReadLargeNumber(out var scalar)
            || point is not [0x04, ..] || point.Length % 2 == 0 || scalar.Length > point.Length / 2)
        {
            throw new CryptographicException(Malformed);
        }

        var length = point.Length / 2;
        var secret = Padded(scalar, length);
        try
        {
            var parameters = new ECParameters
            {
                Curve = curve,
                Q = new ECPoint { X = point.Slice(1, length).ToArray(), Y = point[(1 + length)..].ToArray() },
                D = secret,
            };
            return EcdsaSshKey.Create(ECDsa.Create(), key => key.ImportParameters(parameters));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static RsaSshKey ReadRsa(ref SshReader reader)
    {
        if (!reader.TryReadLargeNumber(out var modulus) || !reader.TryReadLargeNumber(out var exponent) || !reader.TryReadLargeNumber(out var d)
            || !reader.TryReadLargeNumber(out var inverse) || !reader.TryReadLargeNumber(out var p) || !reader.TryReadLargeNumber(out var q))
        {
            throw new CryptographicException(Malformed);
        }

        var half = (modulus.Length + 1) / 2;
        if (modulus.Length > MaxRsaBits / 8 || exponent.Length > 3 || d.Length > modulus.Length || p.Length > half || q.Length > half || inverse.Length > half || p.IsEmpty || q.IsEmpty)
        {
            throw new CryptographicException("its numbers are larger than those of an RSA key may be");
        }

        var parameters = new RSAParameters
        {
            Modulus = modulus.ToArray(),
            Exponent = exponent.ToArray(),
            D = Padded(d, modulus.Length),
            P = Padded(p, half),
            Q = Padded(q, half),
            DP = Remainder(d, p, half),
            DQ = Remainder(d, q, half),
            InverseQ = Padded(inverse, half),
        };
        try
        {
            return RsaSshKey.Create(RSA.Create(), key => key.ImportParameters(parameters));
        }
        finally
        {
            foreach (var secret in new[] { parameters.D, parameters.P, parameters.Q, parameters.DP, parameters.DQ, parameters.InverseQ })
            {
                CryptographicOperations.ZeroMemory(secret);
            }
        }
    }

    /// <summary>The exponent for one of the primes, which the format leaves out.</summary>
    private static byte[] Remainder(ReadOnlySpan<byte> exponent, ReadOnlySpan<byte> prime, int length)
    {
        var order = Number(prime) - 1;
        return order.Sign > 0 ? Padded((Number(exponent) % order).ToByteArray(isUnsigned: true, isBigEndian: true), length) : throw new CryptographicException(Malformed);
    }

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Padded(ReadOnlySpan<byte> number, int length)
    {
        var padded = new byte[length];
        number.CopyTo(padded.AsSpan(length - number.Length));
        return padded;
    }
}
