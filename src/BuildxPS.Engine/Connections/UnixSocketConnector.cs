using System.Net.Sockets;

namespace BuildxPS.Engine.Connections;

/// <summary>Reaches an engine over a unix socket.</summary>
internal sealed class UnixSocketConnector(string path, ConnectFailures failures, TimeSpan timeout) : IConnector
{
    /// <inheritdoc/>
    public string Address => failures.Address;

    /// <inheritdoc/>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), limit.Token).ConfigureAwait(false);
            return new SocketStream(socket);
        }
        catch (Exception e)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw e switch
            {
                OperationCanceledException => failures.TimedOut(timeout),
                // The platforms disagree on the error for a missing file, so the file system is asked.
                SocketException { SocketErrorCode: not SocketError.AccessDenied } when !File.Exists(path)
                    => failures.Unreachable("there is no socket at that path", e),
                SocketException socketError => failures.FromSocket(socketError),
                _ => failures.Unreachable(e.Message, e),
            };
        }
    }
}
