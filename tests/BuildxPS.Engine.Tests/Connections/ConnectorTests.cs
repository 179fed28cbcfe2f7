using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Connections;

public sealed class ConnectorTests
{
    private static readonly UpgradeRequest s_grpc = new() { Path = "/grpc", Protocol = "h2c" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TlsMaterial Certificates => new()
    {
        AuthorityFile = TestEngines.Certificate("ca"),
        CertificateFile = TestEngines.Certificate("clientCertificate"),
        KeyFile = TestEngines.Certificate("clientKey"),
    };

    [Fact]
    public async Task Daemon_over_mutual_tls_opens_its_tunnel()
    {
        await using var tunnel = await ConnectionUpgrade.OpenAsync(Tcp(Certificates), s_grpc, Token);

        await ConnectionUpgradeTests.AssertSpeaksHttp2Async(tunnel);
    }

    [Fact]
    public async Task Buildkitd_over_mutual_tls_speaks_http2_at_once()
    {
        var connector = ConnectorFactory.Create(
            new EngineEndpoint { Address = TestEngines.RequireTcp("bkd"), Tls = Certificates }, SslApplicationProtocol.Http2);

        await using var stream = await connector.ConnectAsync(Token);

        await ConnectionUpgradeTests.AssertSpeaksHttp2Async(stream);
    }

    [Fact]
    public async Task Unknown_authority_is_not_trusted()
    {
        using var folder = new TemporaryFolder();
        var other = folder.Write("ca.pem", OtherAuthority());

        await FailsAsync(Certificates with { AuthorityFile = other }, BuildxFailure.EngineCertificateInvalid, "not trusted");
    }

    [Fact]
    public async Task Unknown_authority_is_accepted_only_where_the_user_said_so()
    {
        using var folder = new TemporaryFolder();
        var other = folder.Write("ca.pem", OtherAuthority());

        await using var stream = await ConnectionUpgrade.OpenAsync(
            Tcp(Certificates with { AuthorityFile = other, SkipVerification = true }), s_grpc, Token);
    }

    [Fact]
    public async Task Engine_that_wants_a_client_certificate_and_gets_none_says_so()
        => await FailsAsync(Certificates with { CertificateFile = null, KeyFile = null }, BuildxFailure.EngineCertificateInvalid, "client's certificate");

    [Fact]
    public async Task Engine_that_wants_tls_and_gets_none_says_so()
        => await FailsAsync(null, BuildxFailure.EngineCertificateInvalid, "wants an encrypted connection");

    [Fact]
    public async Task Peer_without_tls_is_told_from_one_with_a_wrong_certificate()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerPlainAsync(listener);

        var failure = await Assert.ThrowsAsync<BuildxException>(
            () => Local(listener, new TlsMaterial { SkipVerification = true }).ConnectAsync(Token).AsTask());

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Contains("TLS", failure.Message, StringComparison.Ordinal);
        await answering;
    }

    [Fact]
    public async Task Peer_that_is_silent_in_the_handshake_is_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        var failure = await Assert.ThrowsAsync<BuildxException>(
            () => Local(listener, new TlsMaterial { SkipVerification = true }, TimeSpan.FromMilliseconds(100)).ConnectAsync(Token).AsTask());

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Contains("within 0.1 s", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.pem", "does not exist")]
    [InlineData("empty.pem", "certificate")]
    public async Task Authority_file_that_is_no_use_is_named(string name, string reason)
    {
        using var folder = new TemporaryFolder();
        folder.Write("empty.pem", "nothing");

        await FailsAsync(
            Certificates with { AuthorityFile = Path.Combine(folder.Path, name) }, BuildxFailure.ConfigurationInvalid, name, reason);
    }

    [Fact]
    public async Task Encrypted_key_is_refused_with_its_file()
    {
        using var folder = new TemporaryFolder();
        var key = folder.Write("key.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n");

        await FailsAsync(Certificates with { KeyFile = key }, BuildxFailure.ConfigurationInvalid, "key.pem", "encrypted");
    }

    [Fact]
    public async Task Missing_socket_is_named_with_why_it_was_tried()
    {
        var connector = ConnectorFactory.Create(
            new EngineEndpoint { Address = "unix:///nowhere/d.sock", Origin = "from DOCKER_HOST" }, SslApplicationProtocol.Http11);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => connector.ConnectAsync(Token).AsTask());

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Equal("No engine answers at unix:///nowhere/d.sock (from DOCKER_HOST): there is no socket at that path.", failure.Message);
        Assert.Contains("-Context", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Socket_that_nobody_listens_on_is_unreachable()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "d.sock");
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            var failure = await Assert.ThrowsAsync<BuildxException>(
                () => ConnectorFactory.Create(new EngineEndpoint { Address = $"unix://{path}" }, SslApplicationProtocol.Http11).ConnectAsync(Token).AsTask());

            Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
            Assert.Contains("refused", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Name_that_cannot_be_resolved_is_said()
    {
        var connector = ConnectorFactory.Create(new EngineEndpoint { Address = "tcp://nowhere.invalid:2375" }, SslApplicationProtocol.Http11);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => connector.ConnectAsync(Token).AsTask());

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Contains("resolved", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Socket_without_permission_is_a_matter_of_access()
    {
        // The tests may run as root, whom no socket refuses, so the error is handed in.
        var failure = new ConnectFailures("unix:///run/d.sock", "").FromSocket(new SocketException((int)SocketError.AccessDenied));

        Assert.Equal(BuildxFailure.EngineAccessDenied, failure.Failure);
        Assert.Contains("group docker", failure.Advice, StringComparison.Ordinal);
    }

    private static IConnector Tcp(TlsMaterial? tls) => ConnectorFactory.Create(
        new EngineEndpoint { Address = TestEngines.RequireTcp("d28"), Tls = tls }, SslApplicationProtocol.Http11);

    private static IConnector Local(TcpListener listener, TlsMaterial tls, TimeSpan? timeout = null) => ConnectorFactory.Create(
        new EngineEndpoint { Address = $"tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", Tls = tls }, SslApplicationProtocol.Http11, timeout);

    private static async Task AnswerPlainAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync(Token);
        await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), Token);
    }

    private static async Task FailsAsync(TlsMaterial? tls, BuildxFailure expected, params string[] parts)
    {
        var failure = await Assert.ThrowsAsync<BuildxException>(() => ConnectionUpgrade.OpenAsync(Tcp(tls), s_grpc, Token));

        Assert.Equal(expected, failure.Failure);
        Assert.All(parts, part => Assert.Contains(part, failure.Message, StringComparison.Ordinal));
    }

    private static string OtherAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=other", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return certificate.ExportCertificatePem();
    }
}
