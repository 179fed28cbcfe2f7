namespace BuildxPS.Engine.Engines;

/// <summary>One stream of bytes that an engine may take as if it were a file at an address.</summary>
public interface IUploadSource
{
    /// <summary>Opens it for one reader, who disposes what this gives.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its bytes.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuildContextUnreadable"/>; reading may throw it, too.</exception>
    ValueTask<Stream> OpenAsync(CancellationToken cancellationToken);
}
