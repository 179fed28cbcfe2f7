using System.Net.Sockets;

namespace BuildxPS.Engine.Connections;

/// <summary>A socket as a duplex stream that owns it.</summary>
internal sealed class SocketStream(Socket socket) : NetworkStream(socket, ownsSocket: true), IHalfCloseable
{
    /// <inheritdoc/>
    public ValueTask CloseWriteAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }
}
