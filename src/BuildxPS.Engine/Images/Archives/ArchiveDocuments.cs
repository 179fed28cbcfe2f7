using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Archives;

/// <summary>One image of an archive in OCI layout.</summary>
/// <param name="Platform">Its platform.</param>
/// <param name="Manifest">Its manifest's descriptor.</param>
/// <param name="Config">Its config's descriptor.</param>
/// <param name="Layers">Its layers.</param>
internal sealed record ArchiveImage(Platform Platform, Descriptor Manifest, Descriptor Config, IReadOnlyList<Descriptor> Layers);

/// <summary>
/// The small documents of an archive in OCI layout, kept while it passes: an archive's index, which says what its parts are,
/// comes behind them.
/// </summary>
internal sealed class ArchiveDocuments
{
    /// <summary>No manifest, config or index is larger.</summary>
    public const int MaxDocument = 4 << 20;

    private const int MaxTotal = 32 << 20;

    private readonly Dictionary<string, byte[]> _documents = new(StringComparer.Ordinal);
    private int _total;
    private byte[]? _index;

    /// <summary>Whether there is room for a document.</summary>
    /// <param name="size">Its bytes.</param>
    /// <returns>Whether it is kept.</returns>
    public bool HasRoom(long size) => size <= MaxDocument && _total + size <= MaxTotal;

    /// <summary>Keeps a blob that may be a document.</summary>
    /// <param name="digest">Its digest, as the archive names it.</param>
    /// <param name="bytes">The blob.</param>
    public void Add(string digest, byte[] bytes)
    {
        // Layers are no JSON, whatever their compression.
        if (bytes is [(byte)'{', ..] && HasRoom(bytes.Length) && _documents.TryAdd(digest, bytes))
        {
            _total += bytes.Length;
        }
    }

    /// <summary>Keeps the archive's own <c>index.json</c>.</summary>
    /// <param name="bytes">The file.</param>
    public void SetIndex(byte[] bytes) => _index = bytes;

    /// <summary>Finds the images, once all documents are there.</summary>
    /// <returns>One a platform; attestations are left out.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ImageInvalid"/> or <see cref="BuildxFailure.DigestMismatch"/>.</exception>
    public IReadOnlyList<ArchiveImage> FindImages()
    {
        var root = Read<ImageIndex>(_index ?? throw Missing("index.json"), MediaTypes.OciIndex, "index.json");
        var images = new List<ArchiveImage>();
        foreach (var top in root.Manifests.DistinctBy(m => m.Digest))
        {
            if (MediaTypes.IsIndex(top.MediaType))
            {
                var index = Read<ImageIndex>(Find(top), top.MediaType, top.Digest);
                images.AddRange(index.Manifests.Where(m => !m.IsAttestation && MediaTypes.IsManifest(m.MediaType)).Select(ReadImage));
            }
            else if (MediaTypes.IsManifest(top.MediaType))
            {
                images.Add(ReadImage(top));
            }
        }

        return images;
    }

    private ArchiveImage ReadImage(Descriptor descriptor)
    {
        var manifest = Read<ImageManifest>(Find(descriptor), descriptor.MediaType, descriptor.Digest);
        var platform = descriptor.Platform
            ?? ImageConfigReader.Read(Reference(descriptor.Digest), Find(manifest.ConfigDescriptor)).Platform
            ?? throw new BuildxException(
                BuildxFailure.ImageInvalid,
                $"The image {descriptor.Digest} that the engine sends does not say for which platform it is.",
                "Use a frontend that says it, or ask for one platform at a time.");
        return new ArchiveImage(platform, descriptor, manifest.ConfigDescriptor, manifest.Layers);
    }

    private byte[] Find(Descriptor descriptor)
    {
        if (!_documents.TryGetValue(descriptor.Digest, out var bytes) || bytes.Length != descriptor.Size)
        {
            throw Missing(descriptor.Digest);
        }

        return Digests.Compute(descriptor.Digest, bytes) == descriptor.Digest
            ? bytes
            : throw new BuildxException(
                BuildxFailure.DigestMismatch,
                $"What the engine sends as {descriptor.Digest} has another digest.",
                "Build again; if it stays so, the engine's store is damaged.");
    }

    private static T Read<T>(byte[] bytes, string mediaType, string digest)
        where T : ImageDocument
        => ManifestReader.Read(Reference(digest), bytes, mediaType, digest) as T ?? throw Missing(digest);

    private static ImageReference Reference(string digest) => new() { Registry = "", Repository = "archive", Digest = digest };

    private static BuildxException Missing(string what) => new(
        BuildxFailure.ProtocolViolation,
        $"The engine sent an image archive without {what}, or with one that is too large.",
        "Build again; if it stays so, look at the engine's log. Nothing was loaded.");
}
