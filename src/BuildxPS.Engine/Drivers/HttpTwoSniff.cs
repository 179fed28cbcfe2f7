using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Drivers;

/// <summary>Finds out whether a peer that did not answer HTTP/1.1 speaks HTTP/2, as a buildkitd does.</summary>
internal static class HttpTwoSniff
{
    private const int FrameHeader = 9;
    private const byte Settings = 4;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    /// <summary>Opens a connection, greets in HTTP/2 and looks at the first frame that comes.</summary>
    /// <param name="connector">Opens the connection.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether that frame is what an HTTP/2 server begins with.</returns>
    public static async Task<bool> IsSpokenAsync(IConnector connector, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        try
        {
            var stream = await connector.ConnectAsync(limit.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray(), limit.Token).ConfigureAwait(false);
                await stream.FlushAsync(limit.Token).ConfigureAwait(false);
                var frame = new byte[FrameHeader];
                await stream.ReadExactlyAsync(frame, limit.Token).ConfigureAwait(false);
                return frame is [0, _, _, Settings, 0, 0, 0, 0, 0];
            }
        }
        catch (Exception e) when (e is IOException or BuildxException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}
