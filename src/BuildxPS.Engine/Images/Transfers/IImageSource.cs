namespace BuildxPS.Engine.Images.Transfers;

/// <summary>Where an image is copied from.</summary>
internal interface IImageSource
{
    /// <summary>The image.</summary>
    ImageReference Reference { get; }

    /// <summary>The repository that its blobs can be mounted from; null where they are in no registry.</summary>
    ImageReference? Repository { get; }

    /// <summary>Reads what the reference points at.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>An index or a manifest, its digest checked.</returns>
    Task<ImageDocument> ReadRootAsync(CancellationToken cancellationToken);

    /// <summary>Reads an index or manifest by its digest.</summary>
    /// <param name="entry">The entry that names it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The document, its digest checked.</returns>
    Task<ImageDocument> ReadAsync(Descriptor entry, CancellationToken cancellationToken);

    /// <summary>Opens a blob.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="offset">Where in it to begin.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its bytes. Read from the beginning, their end is reported only if size and digest are right.</returns>
    Task<Stream> OpenBlobAsync(Descriptor blob, long offset, CancellationToken cancellationToken);

    /// <summary>Reads a blob that is held in memory whole.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="what">What it is, for messages: <c>config</c>.</param>
    /// <param name="limit">Most bytes; the blob has no more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its bytes, checked.</returns>
    Task<byte[]> ReadBlobAsync(Descriptor blob, string what, int limit, CancellationToken cancellationToken);

    /// <summary>Lists what was attached to a manifest or index.</summary>
    /// <param name="digest">Its digest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Manifests.</returns>
    Task<IReadOnlyList<Descriptor>> ListReferrersAsync(string digest, CancellationToken cancellationToken);
}
