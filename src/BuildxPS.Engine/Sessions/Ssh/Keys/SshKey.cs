namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>A private key that signs as SSH wants it. Any thread may use it.</summary>
internal abstract class SshKey : IDisposable
{
    /// <summary>Why a key is refused whose signatures its own public half does not accept: a server would refuse them without a word.</summary>
    protected const string PartsDoNotFit = "its public and its private half do not belong together";

    private readonly Lock _lock = new();

    /// <summary>What is signed to see whether a key's parts fit.</summary>
    protected static byte[] Probe { get; } = "probe"u8.ToArray();

    /// <summary>The public key in SSH's format.</summary>
    public required ReadOnlyMemory<byte> PublicKey { get; init; }

    /// <summary>Signs.</summary>
    /// <param name="data">What to sign.</param>
    /// <param name="flags">What is asked of the signature.</param>
    /// <returns>The signature in SSH's format, algorithm included; null where the key cannot do what is asked.</returns>
    public byte[]? Sign(ReadOnlySpan<byte> data, SshSignatureFlags flags)
    {
        lock (_lock)
        {
            return SignAlone(data, flags);
        }
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Signs, one call at a time.</summary>
    protected abstract byte[]? SignAlone(ReadOnlySpan<byte> data, SshSignatureFlags flags);

    /// <summary>A signature in SSH's format.</summary>
    protected static byte[] Format(string algorithm, ReadOnlySpan<byte> signature)
    {
        var writer = new SshWriter();
        writer.WriteString(algorithm);
        writer.WriteString(signature);
        return writer.Written.ToArray();
    }
}
