using System.Net.Sockets;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>Agents on unix sockets.</summary>
internal sealed class UnixAgentSockets : IAgentSockets
{
    /// <inheritdoc/>
    public string? Fallback => null;

    /// <inheritdoc/>
    public string Advice => "Start one (ssh-agent) so that SSH_AUTH_SOCK is set, name its socket (-Ssh 'default=SOCKET'), or give private key files (-Ssh 'default=KEYFILE').";

    /// <inheritdoc/>
    public bool IsSocket(string path) => InputFile.Kind(path) == "a socket";

    /// <inheritdoc/>
    public ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken) => OpenAsync(path, cancellationToken);

    /// <summary>Connects to a unix socket, which Windows has as well.</summary>
    /// <param name="path">The socket.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="IOException">Nobody answers there.</exception>
    public static async ValueTask<Stream> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return new SocketStream(socket);
        }
        catch (Exception e)
        {
            socket.Dispose();
            throw e switch
            {
                ArgumentException => new IOException("its path is longer than a socket's may be", e),
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } => new IOException("nobody listens there any more", e),
                SocketException when !File.Exists(path) => new IOException("there is no socket any more", e),
                SocketException => new IOException(e.Message, e),
                _ => e,
            };
        }
    }
}
