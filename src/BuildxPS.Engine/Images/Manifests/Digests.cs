using System.Buffers;
using System.Security.Cryptography;

namespace BuildxPS.Engine.Images.Manifests;

/// <summary>Digests as images use them: <c>algorithm:hex</c>.</summary>
internal static class Digests
{
    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary>Whether a text is a digest of an algorithm that we can compute.</summary>
    public static bool IsValid(string? digest)
    {
        if (digest is null || digest.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon))
        {
            return false;
        }

        var hex = digest.AsSpan(colon + 1);
        return HexLength(digest.AsSpan(0, colon)) == hex.Length && !hex.ContainsAnyExcept(s_hex);
    }

    /// <summary>The digest of bytes, by the algorithm of another digest.</summary>
    public static string Compute(string like, ReadOnlySpan<byte> bytes)
    {
        var algorithm = like[..like.IndexOf(':', StringComparison.Ordinal)];
        return algorithm + ":" + Convert.ToHexStringLower(CryptographicOperations.HashData(Name(algorithm), bytes));
    }

    /// <summary>The sha256 digest of bytes.</summary>
    public static string Compute(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Starts a hash by a digest's algorithm.</summary>
    public static IncrementalHash Start(string like)
        => IncrementalHash.CreateHash(Name(like[..like.IndexOf(':', StringComparison.Ordinal)]));

    /// <summary>Whether a finished hash is the one that a digest promises.</summary>
    public static bool Matches(string digest, ReadOnlySpan<byte> hash)
        => digest.AsSpan(digest.IndexOf(':', StringComparison.Ordinal) + 1).SequenceEqual(Convert.ToHexStringLower(hash));

    private static HashAlgorithmName Name(string algorithm) => algorithm switch
    {
        "sha256" => HashAlgorithmName.SHA256,
        "sha384" => HashAlgorithmName.SHA384,
        "sha512" => HashAlgorithmName.SHA512,
        _ => throw new ArgumentException($"'{algorithm}' is not a digest algorithm.", nameof(algorithm)),
    };

    private static int HexLength(ReadOnlySpan<char> algorithm) => algorithm switch
    {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => -1,
    };
}
