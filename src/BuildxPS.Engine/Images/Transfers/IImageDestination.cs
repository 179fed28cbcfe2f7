using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>Where an image is copied to. What is given to it comes children first; only then it gets its name.</summary>
internal interface IImageDestination
{
    /// <summary>The name that the image is to get.</summary>
    ImageReference Reference { get; }

    /// <summary>Whether a manifest that is there has its blobs there, too: registries see to that. What an index lists may be missing anywhere.</summary>
    bool KeepsBlobs { get; }

    /// <summary>Begins to change it: from here on it is this copy's alone, where others would be in the way.</summary>
    /// <returns>What ends that; null where there is nothing to end.</returns>
    IDisposable? Begin();

    /// <summary>Asks whether a manifest or index is there.</summary>
    /// <param name="document">The manifest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it is.</returns>
    Task<bool> HasAsync(ImageDocument document, CancellationToken cancellationToken);

    /// <summary>Asks whether a blob is there.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it is.</returns>
    Task<bool> HasBlobAsync(Descriptor blob, CancellationToken cancellationToken);

    /// <summary>Gives it a blob. One that was cut off before goes on where it stopped, where that can be.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="source">Where it can be had.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How it came to be there.</returns>
    Task<BlobArrival> PutBlobAsync(Descriptor blob, BlobSource source, CancellationToken cancellationToken);

    /// <summary>Gives it a manifest or index, under its digest.</summary>
    /// <param name="document">The document; what it lists is there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    Task PutAsync(ImageDocument document, CancellationToken cancellationToken);

    /// <summary>Puts what is attached to something on the lists of such, whether this copy brought it or an earlier one, and names the image.</summary>
    /// <param name="tree">The image; all of it is there, only what its name points at may not be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    Task NameAsync(ImageTree tree, CancellationToken cancellationToken);
}
