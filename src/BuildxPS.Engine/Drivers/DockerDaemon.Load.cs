namespace BuildxPS.Engine.Drivers;

/// <summary>Images that come from elsewhere.</summary>
internal sealed partial class DockerDaemon
{
    /// <summary>Opens a stream that the daemon loads images from.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Takes an archive of the kinds <c>docker</c> or <c>oci</c>.</returns>
    /// <exception cref="BuildxException">The daemon cannot be reached.</exception>
    public async Task<ImageLoad> OpenLoadAsync(CancellationToken cancellationToken)
        => await ImageLoad.OpenAsync(Connector, await VersionedAsync("/images/load?quiet=1", cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
}
