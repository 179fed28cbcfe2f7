namespace BuildxPS.Engine.Drivers;

/// <summary>Images that come from elsewhere.</summary>
internal sealed partial class DockerDaemon
{
    /// <summary>Opens a stream that the daemon loads images from.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Takes an archive of the kinds <c>docker</c> or <c>oci</c>.</returns>
    /// <exception cref="BuildxException">The daemon cannot be reached.</exception>
    public async Task<ImageLoad> OpenLoadAsync(CancellationToken cancellationToken)
    {
        var path = await VersionedAsync("/images/load?quiet=1", cancellationToken).ConfigureAwait(false);
        return await ImageLoad.OpenAsync(Connector, path, new DaemonWatch(_timeout, IsThereAsync), cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync("GET /_ping", PingAsync, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (BuildxException e)
        {
            // To refuse is an answer too.
            return e.Failure is not (BuildxFailure.TimedOut or BuildxFailure.EngineUnreachable or BuildxFailure.EngineLost);
        }
    }
}
