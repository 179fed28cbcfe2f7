using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Ssh;
using BuildxPS.Engine.Sessions.Ssh.Keys;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Sessions.Ssh;

public sealed class PrivateKeyFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Formats =>
    [
        "-t ed25519",
        "-t rsa -b 2048",
        "-t rsa -b 2048 -m PEM",
        "-t rsa -b 2048 -m PKCS8",
        "-t ecdsa -b 256",
        "-t ecdsa -b 384",
        "-t ecdsa -b 521",
        "-t ecdsa -b 521 -m PEM",
        "-t ecdsa -b 384 -m PKCS8",
    ];

    /// <summary>OpenSSH itself lists the key, signs with it through our agent, and verifies.</summary>
    [Theory]
    [MemberData(nameof(Formats))]
    public async Task OpenSSH_signs_with_a_key_of_any_format(string options)
        => await AssertUsableAsync(SshTools.MakeKey(_folder, "key", options.Split(' ')));

    [Fact]
    public async Task OpenSSL_writes_ed25519_keys_in_a_format_of_its_own()
    {
        var path = Path.Join(_folder.Path, "key");
        SshTools.Run("openssl", null, "genpkey", "-algorithm", "ed25519", "-out", path);
        using var key = PrivateKeyFile.Read(path, "default");
        await File.WriteAllTextAsync(path + ".pub", $"ssh-ed25519 {Convert.ToBase64String(key.PublicKey.Span)}\n");
        await AssertUsableAsync(path);
    }

    [Fact]
    public async Task OpenSSL_writes_parameters_before_the_key()
    {
        var path = Path.Join(_folder.Path, "key");
        SshTools.Run("openssl", null, "ecparam", "-name", "prime256v1", "-genkey", "-out", path);
        Assert.StartsWith("-----BEGIN EC PARAMETERS", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
        using var key = PrivateKeyFile.Read(path, "default");
        Assert.StartsWith("ecdsa-sha2-nistp256", Encoding.ASCII.GetString(key.PublicKey.Span[4..]), StringComparison.Ordinal);
    }

    [Fact]
    public void RSA_signs_with_the_hash_that_is_asked_for()
    {
        using var rsa = RSA.Create(2048);
        using var key = PrivateKeyFile.Read(_folder.Write("key", rsa.ExportRSAPrivateKeyPem()), "default");
        Assert.Equal("ssh-rsa", Sign(0, HashAlgorithmName.SHA1));
        Assert.Equal("rsa-sha2-256", Sign(2, HashAlgorithmName.SHA256));
        Assert.Equal("rsa-sha2-512", Sign(4, HashAlgorithmName.SHA512));
        Assert.Null(key.Sign("data"u8, (SshSignatureFlags)6));
        Assert.Null(key.Sign("data"u8, (SshSignatureFlags)1));

        string Sign(uint flags, HashAlgorithmName hash)
        {
            var reader = new SshReader(key.Sign("data"u8, (SshSignatureFlags)flags));
            Assert.True(reader.TryReadString(out var name));
            Assert.True(reader.TryReadString(out var bytes));
            Assert.True(reader.Rest.IsEmpty);
            Assert.True(rsa.VerifyData("data"u8, bytes, hash, RSASignaturePadding.Pkcs1));
            return Encoding.ASCII.GetString(name);
        }
    }

    [Theory]
    [InlineData("-t ed25519")]
    [InlineData("-t ecdsa")]
    public void Only_RSA_has_a_choice(string options)
    {
        using var key = PrivateKeyFile.Read(SshTools.MakeKey(_folder, "key", options.Split(' ')), "default");
        Assert.NotNull(key.Sign("data"u8, SshSignatureFlags.None));
        Assert.Null(key.Sign("data"u8, SshSignatureFlags.RsaSha256));
    }

    [Theory]
    [InlineData("-t ed25519")]
    [InlineData("-t ecdsa -m PEM")]
    [InlineData("-t ecdsa -m PKCS8")]
    public void A_passphrase_is_asked_for_by_an_agent_and_not_here(string options)
    {
        var path = Path.Join(_folder.Path, "key");
        SshTools.Run("ssh-keygen", null, ["-q", "-N", "a passphrase", "-f", path, .. options.Split(' ')]);
        var error = Assert.Throws<BuildxException>(() => PrivateKeyFile.Read(path, "default"));
        Assert.Equal(BuildxFailure.SshKeyEncrypted, error.Failure);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-add", error.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no private key")]
    [InlineData("just text", "no private key")]
    [InlineData("ssh-ed25519 AAAA me", "no private key", "public key")]
    [InlineData("PuTTY-User-Key-File-3: ssh-ed25519", "no private key", "puttygen")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "damaged")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----", "")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----", "damaged")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----", "")]
    [InlineData("-----BEGIN DSA PRIVATE KEY-----\nMAA=\n-----END DSA PRIVATE KEY-----", "DSA")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", "no private key")]
    public void What_is_no_key_is_refused_with_its_reason(string text, string reason, string advice = "ssh-keygen")
    {
        var path = _folder.Write("key", text);
        var error = Assert.Throws<BuildxException>(() => PrivateKeyFile.Read(path, "default"));
        Assert.Equal(BuildxFailure.SshKeyInvalid, error.Failure);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_curve_that_SSH_does_not_have_is_refused()
    {
        var path = Path.Join(_folder.Path, "key");
        SshTools.Run("openssl", null, "ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out", path);
        Assert.Contains("P-256", Assert.Throws<BuildxException>(() => PrivateKeyFile.Read(path, "default")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_file_is_not_read_to_its_end()
        => Assert.Contains("larger", Assert.Throws<BuildxException>(() => PrivateKeyFile.Read(_folder.Write("key", new string('x', 200_000)), "default")).Message, StringComparison.Ordinal);

    /// <summary>Whatever bytes a key has, it is read or refused with its own failure.</summary>
    [Theory]
    [InlineData("-t ed25519")]
    [InlineData("-t ecdsa -b 256")]
    [InlineData("-t rsa -b 2048")]
    [InlineData("-t ecdsa -b 256 -m PEM")]
    public void A_damaged_key_is_refused_or_still_signs(string options)
    {
        var path = SshTools.MakeKey(_folder, "key", options.Split(' '));
        var pem = File.ReadAllText(path);
        var fields = PemEncoding.Find(pem);
        var good = Convert.FromBase64String(pem[fields.Base64Data]);
        var random = new Random(1);
        for (var i = 0; i < 40; i++)
        {
            var bad = good[..(i % 3 == 0 ? random.Next(good.Length) : good.Length)];
            for (var n = i % 3 == 0 ? 0 : 1 + (i % 4); n > 0; n--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            File.WriteAllText(path, PemEncoding.WriteString(pem[fields.Label], bad));
            try
            {
                using var key = PrivateKeyFile.Read(path, "default");
                Assert.NotNull(key.Sign("data"u8, key is RsaSshKey ? SshSignatureFlags.RsaSha256 : SshSignatureFlags.None));
            }
            catch (BuildxException e)
            {
                Assert.Contains(e.Failure, new[] { BuildxFailure.SshKeyInvalid, BuildxFailure.SshKeyEncrypted });
            }
        }
    }

    private async Task AssertUsableAsync(string path)
    {
        using var key = PrivateKeyFile.Read(path, "default");
        await using var agent = new ServedAgent(new KeyAgent([key]), _folder);
        var publicKey = SshTools.PublicKey(path);
        Assert.Equal(publicKey, SshTools.Run("ssh-add", agent.Socket, "-L").Trim());

        var data = _folder.Write("data", "what is signed");
        SshTools.Run("ssh-keygen", agent.Socket, "-Y", "sign", "-n", "test", "-f", path + ".pub", data);
        Assert.True(SshTools.Verifies(publicKey, data + ".sig", "what is signed", _folder));
        Assert.False(SshTools.Verifies(publicKey, data + ".sig", "something else", _folder));
    }

    /// <summary>An agent of ours on a unix socket, as a step sees it.</summary>
    private sealed class ServedAgent : IAsyncDisposable
    {
        private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly Task _serving;

        public ServedAgent(ISshAgent agent, TemporaryFolder folder)
        {
            Socket = Path.Join(folder.Path, "agent");
            _listener.Bind(new UnixDomainSocketEndPoint(Socket));
            _listener.Listen();
            _serving = ServeAsync(agent);
        }

        public string Socket { get; }

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await _serving;
        }

        private async Task ServeAsync(ISshAgent agent)
        {
            try
            {
                while (true)
                {
                    using var connection = await _listener.AcceptAsync();
                    await using var stream = new NetworkStream(connection);
                    using var requests = new AgentMessageReader(stream);
                    while (await requests.ReadAsync(default) is { } request)
                    {
                        var answer = await agent.AnswerAsync(request, default);
                        var framed = new byte[4 + answer.Length];
                        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(framed, answer.Length);
                        answer.CopyTo(framed.AsMemory(4));
                        await stream.WriteAsync(framed);
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }
        }
    }
}
