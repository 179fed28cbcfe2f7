using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Ssh.Keys;

/// <summary>Reads a private key from a file, in any of the formats that OpenSSH knows.</summary>
internal static class PrivateKeyFile
{
    /// <summary>Most bytes that are read, as in buildx. The largest RSA keys have 15 KiB.</summary>
    private const int MaxLength = 100 * 1024;

    private const string RsaAlgorithm = "1.2.840.113549.1.1.1";
    private const string EllipticAlgorithm = "1.2.840.10045.2.1";
    private const string Ed25519Algorithm = "1.3.101.112";

    /// <summary>Reads a key.</summary>
    /// <param name="path">The file.</param>
    /// <param name="id">The agent that it is for, for the error.</param>
    /// <returns>The key.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SshKeyInvalid"/> or <see cref="BuildxFailure.SshKeyEncrypted"/>.</exception>
    public static SshKey Read(string path, string id)
    {
        using var file = ReadFile(path, id);
        try
        {
            var key = Parse(file.Bytes.Span, out var isEncrypted);
            if (isEncrypted)
            {
                throw new BuildxException(
                    BuildxFailure.SshKeyEncrypted,
                    $"The key '{path}' (SSH agent '{DisplayText.Line(id)}') is protected by a passphrase.",
                    $"Add it to an agent (ssh-add '{path}'), which asks for the passphrase, and forward that: -Ssh {DisplayText.Line(id)}.");
            }

            return key!;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException or PlatformNotSupportedException)
        {
            var reason = e is CryptographicException or PlatformNotSupportedException ? e.Message.TrimEnd('.') : "it is damaged";
            throw Invalid(path, id, reason, AdviceFor(file.Bytes.Span), e);
        }
    }

    private static SecretValue ReadFile(string path, string id)
    {
        var content = new SecretValue(8 * 1024);
        try
        {
            if (InputFile.Kind(path) is { Length: > 0 } kind)
            {
                throw Invalid(path, id, $"it is {kind}, neither an agent's socket nor a file");
            }

            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            while (RandomAccess.Read(file, content.GetMemory().Span, content.Length) is > 0 and var count)
            {
                content.Advance(count);
                if (content.Length > MaxLength)
                {
                    throw Invalid(path, id, "it is larger than a key can be");
                }
            }

            return content;
        }
        catch (Exception e)
        {
            content.Dispose();
            throw e switch
            {
                FileNotFoundException or DirectoryNotFoundException => Invalid(path, id, "there is neither an agent's socket nor a file", inner: e),
                IOException or UnauthorizedAccessException => Invalid(path, id, e.Message, "Give this user the right to read the file, or name another one.", e),
                _ => e,
            };
        }
    }

    private static SshKey? Parse(ReadOnlySpan<byte> text, out bool isEncrypted)
    {
        isEncrypted = text.IndexOf("Proc-Type: 4,ENCRYPTED"u8) >= 0;
        while (!isEncrypted && PemEncoding.TryFindUtf8(text, out var pem))
        {
            var label = Encoding.ASCII.GetString(text[pem.Label]);
            if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
            {
                return Decode(label, text[pem.Base64Data], pem.DecodedDataLength, out isEncrypted);
            }

            // Parameters of a curve, for example, which OpenSSL writes before its key.
            text = text[pem.Location.End.Value..];
        }

        return isEncrypted ? null : throw new CryptographicException("there is no private key in it");
    }

    private static SshKey? Decode(string label, ReadOnlySpan<byte> base64, int length, out bool isEncrypted)
    {
        var data = GC.AllocateArray<byte>(length, pinned: true);
        try
        {
            if (Base64.DecodeFromUtf8(base64, data, out _, out var written) != System.Buffers.OperationStatus.Done || written != length)
            {
                throw new CryptographicException("it is damaged");
            }

            isEncrypted = label == "ENCRYPTED PRIVATE KEY";
            return label switch
            {
                "OPENSSH PRIVATE KEY" => OpenSshKeyFormat.Read(data, out isEncrypted),
                "RSA PRIVATE KEY" => ReadRsa(rsa => rsa.ImportRSAPrivateKey(data, out _)),
                "EC PRIVATE KEY" => ReadEcdsa(ecdsa => ecdsa.ImportECPrivateKey(data, out _)),
                "PRIVATE KEY" => ReadPkcs8(data),
                "ENCRYPTED PRIVATE KEY" => null,
                _ => throw new CryptographicException($"keys of the kind '{DisplayText.Line(label)}' are not supported; Ed25519, RSA and ECDSA are"),
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(data);
        }
    }

    /// <summary>RFC 5958: a version, the algorithm, and the key in a form of the algorithm's own.</summary>
    private static SshKey ReadPkcs8(byte[] data)
    {
        var sequence = new AsnReader(data, AsnEncodingRules.DER).ReadSequence();
        _ = sequence.ReadInteger();
        var algorithm = sequence.ReadSequence().ReadObjectIdentifier();
        switch (algorithm)
        {
            case RsaAlgorithm:
                return ReadRsa(rsa => rsa.ImportPkcs8PrivateKey(data, out _));
            case EllipticAlgorithm:
                return ReadEcdsa(ecdsa => ecdsa.ImportPkcs8PrivateKey(data, out _));
            case Ed25519Algorithm:
                var wrapped = sequence.ReadOctetString();
                var seed = new AsnReader(wrapped, AsnEncodingRules.DER).ReadOctetString();
                try
                {
                    return Ed25519SshKey.Create(seed);
                }
                finally
                {
                    CryptographicOperations.ZeroMemory(wrapped);
                    CryptographicOperations.ZeroMemory(seed);
                }

            default:
                throw new CryptographicException($"keys of the algorithm {DisplayText.Line(algorithm)} are not supported; Ed25519, RSA and ECDSA are");
        }
    }

    private static RsaSshKey ReadRsa(Action<RSA> import) => RsaSshKey.Create(RSA.Create(), import);

    private static EcdsaSshKey ReadEcdsa(Action<ECDsa> import) => EcdsaSshKey.Create(ECDsa.Create(), import);

    private static string? AdviceFor(ReadOnlySpan<byte> text)
        => text.StartsWith("PuTTY-User-Key-File"u8) ? "It is a key of PuTTY: convert it with 'puttygen KEY.ppk -O private-openssh-new -o KEY', and give the new file."
            : text.StartsWith("ssh-"u8) || text.StartsWith("ecdsa-"u8) || text.StartsWith("sk-"u8) || text.StartsWith("-----BEGIN PUBLIC KEY"u8)
                ? "It is a public key: give the private one, which mostly has the same name without '.pub'."
            : null;

    private static BuildxException Invalid(string path, string id, string reason, string? advice = null, Exception? inner = null) => new(
        BuildxFailure.SshKeyInvalid,
        $"'{path}' (SSH agent '{DisplayText.Line(id)}') cannot be used: {reason}.",
        advice ?? "Give the socket of an agent, or a private key file as ssh-keygen writes it.",
        inner);
}
