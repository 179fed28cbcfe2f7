namespace BuildxPS;

/// <summary>A manifest: one image for one platform, or an artifact in the shape of one.</summary>
public sealed record ImageManifest : ImageDocument
{
    /// <summary>Points at the config.</summary>
    public required Descriptor ConfigDescriptor { get; init; }

    /// <summary>The layers, lowest first.</summary>
    public IReadOnlyList<Descriptor> Layers { get; init => field = Indexable.From(value); } = ShownList<Descriptor>.Empty;

    /// <summary>The config; null where it was not asked for, or where the manifest is an artifact whose config is not an image's.</summary>
    public ImageConfig? Config { get; init; }

    /// <summary>The platform that the config states; null where there is no config.</summary>
    public Platform? Platform => Config?.Platform;

    /// <summary>Bytes of all layers as they are stored: what a pull transfers.</summary>
    public long LayerSize => Layers.Sum(l => l.Size);
}
