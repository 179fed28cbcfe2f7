using System.Net.Security;

namespace BuildxPS.Engine.Connections;

/// <summary>
/// An encrypted stream. With TLS 1.3 a server refuses our certificate only after the handshake, so the first read is
/// where that shows, and is put into words there.
/// </summary>
internal sealed class TlsStream(SocketStream inner, ConnectFailures failures)
    : SslStream(inner, leaveInnerStreamOpen: false), IHalfCloseable
{
    /// <summary>Why the connection failed.</summary>
    public const string RefusedReason = "the engine does not accept this client's certificate, or wants one and got none";

    /// <summary>What to do about it.</summary>
    public const string RefusedAdvice =
        "Give a client certificate that the engine trusts: cert.pem and key.pem in the folder that DOCKER_CERT_PATH names, or in the docker context.";

    private bool _hasRead;

    /// <summary>Whether a failure is the engine's alert about our certificate.</summary>
    /// <param name="exception">What the TLS stream threw.</param>
    /// <returns>True for an alert of TLS that names a certificate.</returns>
    public static bool RefusesOurCertificate(Exception? exception)
    {
        // .NET gives a TLS alert no type of its own: only the platform's text tells it from other failures.
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e.Message.Contains("alert", StringComparison.OrdinalIgnoreCase)
                && (e.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase)
                    || e.Message.Contains("unknown ca", StringComparison.OrdinalIgnoreCase)
                    || e.Message.Contains("access denied", StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            _hasRead |= read > 0;
            return read;
        }
        catch (IOException e) when (!_hasRead && RefusesOurCertificate(e))
        {
            throw failures.Certificate(RefusedReason, RefusedAdvice, e);
        }
    }

    /// <inheritdoc/>
    public ValueTask CloseWriteAsync(CancellationToken cancellationToken) => new(ShutdownAsync().WaitAsync(cancellationToken));
}
