namespace BuildxPS.Engine.Connections;

/// <summary>A duplex stream whose writing side can be closed while its reading side goes on.</summary>
internal interface IHalfCloseable
{
    /// <summary>Tells the other side that nothing more will be written.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that ends when it was told.</returns>
    ValueTask CloseWriteAsync(CancellationToken cancellationToken);
}
