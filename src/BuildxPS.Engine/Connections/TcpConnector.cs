using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace BuildxPS.Engine.Connections;

/// <summary>Reaches an engine over TCP, encrypted where there is TLS material.</summary>
internal sealed class TcpConnector(
    string host,
    int port,
    TlsMaterial? tls,
    SslApplicationProtocol protocol,
    ConnectFailures failures,
    TimeSpan timeout) : IConnector
{
    private const int LinuxTcpUserTimeout = 18;

    /// <inheritdoc/>
    public string Address => failures.Address;

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            var stream = await OpenAsync(limit.Token).ConfigureAwait(false);
            return tls is null ? stream : await EncryptAsync(stream, tls, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw failures.TimedOut(timeout);
        }
    }

    private async Task<SocketStream> OpenAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            KeepAlive(socket);
            await socket.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
            return new SocketStream(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw failures.FromSocket(e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        if (OperatingSystem.IsLinux())
        {
            // Keep-alive is silent while written bytes wait for an answer; without this the kernel tries for 15 minutes.
            Span<byte> milliseconds = stackalloc byte[sizeof(int)];
            BitConverter.TryWriteBytes(milliseconds, 60_000);
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, LinuxTcpUserTimeout, milliseconds);
        }
    }

    private async Task<Stream> EncryptAsync(SocketStream inner, TlsMaterial material, CancellationToken cancellationToken)
    {
        var stream = new TlsStream(inner, failures);
        var problem = "";
        try
        {
            var options = await OptionsAsync(material, text => problem = text, cancellationToken).ConfigureAwait(false);
            await stream.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            if (e is BuildxException or OperationCanceledException)
            {
                throw;
            }

            throw HandshakeFailure(e, problem);
        }
    }

    private async Task<SslClientAuthenticationOptions> OptionsAsync(
        TlsMaterial material, Action<string> report, CancellationToken cancellationToken)
    {
        var authorities = await material.ReadAuthoritiesAsync(cancellationToken).ConfigureAwait(false);
        var certificate = await material.ReadCertificateAsync(cancellationToken).ConfigureAwait(false);
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        return new SslClientAuthenticationOptions
        {
            TargetHost = material.ServerName ?? host,
            ApplicationProtocols = [protocol],
            CertificateChainPolicy = policy,
            ClientCertificateContext = certificate is null
                ? null
                : SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
            RemoteCertificateValidationCallback = (_, _, chain, errors) => material.SkipVerification || Accept(material.ServerName ?? host, chain, errors, report),
        };
    }

    private static bool Accept(string name, X509Chain? chain, SslPolicyErrors errors, Action<string> report)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        report(errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "the engine showed no certificate"
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? $"its certificate is not for {name}"
            : "its certificate is not trusted (" + string.Join("; ", chain?.ChainStatus.Select(s => DisplayText.Line(s.StatusInformation)) ?? []) + ")");
        return false;
    }

    private BuildxException HandshakeFailure(Exception e, string problem)
    {
        if (problem.Length > 0)
        {
            return failures.Certificate(problem,
                "Give the authority that signed it: ca.pem in the folder that DOCKER_CERT_PATH names, in the docker context, or, for a remote builder, the driver option cacert (and servername where the certificate is for another name).", e);
        }

        if (TlsStream.RefusesOurCertificate(e))
        {
            return failures.Certificate(TlsStream.RefusedReason, TlsStream.RefusedAdvice, e);
        }

        return e is AuthenticationException
            ? failures.Unreachable("what answers does not speak TLS as it must", e,
                "Check the port; for an engine without TLS, unset DOCKER_TLS and DOCKER_TLS_VERIFY or use a context without certificates.")
            : failures.Lost("it ended while TLS was being set up", e);
    }
}
