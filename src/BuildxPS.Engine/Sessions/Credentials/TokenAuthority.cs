using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using Google.Protobuf;
using Grpc.Core;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace BuildxPS.Engine.Sessions.Credentials;

/// <summary>
/// The key by which an engine knows a login again without having it: Ed25519 (RFC 8032), made of what stands for the login
/// and the engine's salt. The engine keeps tokens under its public half, and gives them to nobody who cannot sign with it.
/// </summary>
internal sealed class TokenAuthority : IDisposable
{
    private const int KeyLength = 32;
    private const int SignatureLength = 64;
    private const int MaxSalt = 1024;

    private readonly byte[] _seed;
    private readonly byte[] _public = new byte[KeyLength];

    /// <summary>Makes the key.</summary>
    /// <param name="identity">What stands for the login.</param>
    /// <param name="salt">The engine's salt.</param>
    public TokenAuthority(ReadOnlySpan<byte> identity, ReadOnlySpan<byte> salt)
    {
        _seed = HMACSHA256.HashData(salt, identity);
        Ed25519.GeneratePublicKey(_seed, _public.AsSpan());
    }

    /// <summary>The one answer after which engines ask for the login instead; any other fails what they do.</summary>
    public static SessionStatusException None => new(StatusCode.Unavailable, "this client fetches no tokens for this registry");

    /// <summary>The key's public half.</summary>
    public ReadOnlySpan<byte> PublicKey => _public;

    /// <summary>Makes the key for a registry.</summary>
    /// <param name="source">Knows the login.</param>
    /// <param name="host">The registry.</param>
    /// <param name="salt">The engine's salt.</param>
    /// <param name="onFailure">Told why the login could not be looked up.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The key.</returns>
    /// <exception cref="SessionStatusException"><see cref="None"/>, or why the login could not be looked up.</exception>
    public static async Task<TokenAuthority> FindAsync(
        ITokenSource source, string host, ByteString salt, Action<BuildxException>? onFailure, CancellationToken cancellationToken)
    {
        if (salt.Length > MaxSalt)
        {
            throw new SessionStatusException(StatusCode.InvalidArgument, "the salt is too long");
        }

        var identity = await AuthCall.AskAsync(() => source.FindIdentityAsync(host, cancellationToken), onFailure).ConfigureAwait(false);
        return identity is null ? throw None : new TokenAuthority(identity, salt.Span);
    }

    /// <summary>Signs.</summary>
    /// <param name="payload">What to sign.</param>
    /// <returns>The signature and the payload behind it.</returns>
    public byte[] Sign(ReadOnlySpan<byte> payload)
    {
        var signature = new byte[SignatureLength];

        // As a span: an array in this place is taken for a context, which this signature does not have.
        Ed25519.Sign(_seed, _public.AsSpan(), payload, signature);
        return [.. signature, .. payload];
    }

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_seed);
}
