namespace BuildxPS.Engine.Connections;

/// <summary>
/// Opens the byte tunnel on which the engine calls this client during a build. A docker daemon has an HTTP upgrade of
/// its own for it (<c>/session</c>); elsewhere a call of the engine's control service carries it.
/// </summary>
public interface ISessionTransport
{
    /// <summary>Opens a tunnel.</summary>
    /// <param name="headers">The session's headers, in order; a name may stand more than once and is then sent as separate fields.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A duplex stream on which the engine is the HTTP/2 client.</returns>
    ValueTask<Stream> OpenAsync(IReadOnlyList<KeyValuePair<string, string>> headers, CancellationToken cancellationToken);
}
