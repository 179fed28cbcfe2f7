namespace BuildxPS.Engine.Connections;

/// <summary>
/// One way for bytes to reach an engine. gRPC, the Docker API and the session tunnel are all built on the stream it
/// gives, so a new way is one small class.
/// </summary>
public interface IConnector
{
    /// <summary>The address as a user knows it, for messages: <c>unix:///var/run/docker.sock</c>.</summary>
    string Address { get; }

    /// <summary>Opens one connection.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// A duplex stream that is flushed by each write, accepts reads of zero bytes (they complete when data is there),
    /// and closes the connection when disposed.
    /// </returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EngineUnreachable"/> and its kin, naming the address.</exception>
    ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken);
}
