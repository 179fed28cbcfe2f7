using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace BuildxPS.Engine.Engines;

/// <summary>A digest that was checked: safe to make a file's name of, and to compare with what bytes hash to.</summary>
public sealed record ContentDigest
{
    private const string Sha256 = "sha256";
    private const string Sha512 = "sha512";

    private ContentDigest(string algorithm, string hex) => (Algorithm, Hex) = (algorithm, hex);

    /// <summary><c>sha256</c> or <c>sha512</c>.</summary>
    public string Algorithm { get; }

    /// <summary>The hash in lower-case hexadecimal.</summary>
    public string Hex { get; }

    /// <summary>Reads a digest: <c>sha256:</c> or <c>sha512:</c> and all of its hexadecimal digits in lower case.</summary>
    /// <param name="text">The text; it may come from anywhere.</param>
    /// <param name="digest">The digest.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ContentDigest? digest)
    {
        digest = null;
        if (text is null || text.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon))
        {
            return false;
        }

        var (algorithm, hex) = (text[..colon], text[(colon + 1)..]);
        var length = algorithm switch { Sha256 => 64, Sha512 => 128, _ => -1 };
        if (hex.Length != length || !hex.All(char.IsAsciiHexDigitLower))
        {
            return false;
        }

        digest = new ContentDigest(algorithm, hex);
        return true;
    }

    /// <summary>Starts a hash by this digest's algorithm.</summary>
    /// <returns>The hash.</returns>
    public IncrementalHash StartHash() => StartHash(this);

    /// <summary>Starts a hash.</summary>
    /// <param name="like">The digest whose algorithm is taken; null for sha256.</param>
    /// <returns>The hash.</returns>
    public static IncrementalHash StartHash(ContentDigest? like)
        => IncrementalHash.CreateHash(like?.Algorithm == Sha512 ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);

    /// <summary>The digest of what was hashed so far.</summary>
    /// <param name="hash">A hash of <see cref="StartHash(ContentDigest?)"/>; it goes on.</param>
    /// <returns>The digest.</returns>
    public static ContentDigest Of(IncrementalHash hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        return new ContentDigest(
            hash.AlgorithmName == HashAlgorithmName.SHA512 ? Sha512 : Sha256, Convert.ToHexStringLower(hash.GetCurrentHash()));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Algorithm}:{Hex}";
}
