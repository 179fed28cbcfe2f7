using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>An Ed25519 key (RFC 8709). .NET has no such signature, so this one is Bouncy Castle's.</summary>
internal sealed class Ed25519SshKey : SshKey
{
    /// <summary>Bytes of a private key's seed, and of a public key.</summary>
    public const int KeyLength = 32;

    private const string Algorithm = "ssh-ed25519";
    private const int SignatureLength = 64;

    private readonly byte[] _seed;
    private readonly byte[] _public;

    private Ed25519SshKey(byte[] seed, byte[] publicKey)
    {
        _seed = seed;
        _public = publicKey;
    }

    /// <summary>Takes a key.</summary>
    /// <param name="seed">The private key's 32 bytes; copied.</param>
    /// <returns>The key.</returns>
    /// <exception cref="CryptographicException">It is no key.</exception>
    public static Ed25519SshKey Create(ReadOnlySpan<byte> seed)
    {
        if (seed.Length != KeyLength)
        {
            throw new CryptographicException("it is damaged");
        }

        var own = GC.AllocateArray<byte>(KeyLength, pinned: true);
        seed.CopyTo(own);
        var publicKey = new byte[KeyLength];
        Ed25519.GeneratePublicKey(own, publicKey.AsSpan());
        var blob = new SshWriter();
        blob.WriteString(Algorithm);
        blob.WriteString(publicKey);
        return new Ed25519SshKey(own, publicKey) { PublicKey = blob.Written };
    }

    /// <summary>Takes both halves of a key.</summary>
    /// <param name="seed">The private key's 32 bytes; copied.</param>
    /// <param name="publicKey">The public key's 32 bytes.</param>
    /// <returns>The key.</returns>
    /// <exception cref="CryptographicException">It is no key.</exception>
    public static Ed25519SshKey Create(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> publicKey)
    {
        var key = Create(seed);
        if (publicKey.SequenceEqual(key._public))
        {
            return key;
        }

        key.Dispose();
        throw new CryptographicException(PartsDoNotFit);
    }

    /// <inheritdoc/>
    public override void Dispose() => CryptographicOperations.ZeroMemory(_seed);

    /// <inheritdoc/>
    protected override byte[]? SignAlone(ReadOnlySpan<byte> data, SshSignatureFlags flags)
    {
        if (flags != SshSignatureFlags.None)
        {
            return null;
        }

        var signature = new byte[SignatureLength];

        // As a span: an array in this place is taken for a context, which SSH does not have.
        Ed25519.Sign(_seed, _public.AsSpan(), data, signature);
        return Format(Algorithm, signature);
    }
}
