namespace BuildxPS.Engine.Images.Registries;

/// <summary>Where a blob that a registry is to get can be had.</summary>
internal sealed record BlobSource
{
    /// <summary>
    /// Opens the blob at an offset. Read from its beginning, the stream reports its end only if size and digest are right.
    /// Failures are <see cref="BuildxException"/>.
    /// </summary>
    public required Func<long, CancellationToken, Task<Stream>> OpenAsync { get; init; }

    /// <summary>A repository in the same registry that has the blob, so that it need not travel; null where there is none.</summary>
    public ImageReference? MountFrom { get; init; }

    /// <summary>Told how many bytes of the blob went so far; after a broken connection that may be fewer than before.</summary>
    public Action<long>? Sent { get; init; }
}

/// <summary>How a blob came to be in a repository.</summary>
internal enum BlobArrival
{
    /// <summary>It was there.</summary>
    Present,

    /// <summary>The registry took it over from another of its repositories.</summary>
    Mounted,

    /// <summary>It was sent.</summary>
    Sent,
}
