using System.Collections.Concurrent;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>Reads all manifests of an image, before anything is changed anywhere. Their number, size and depth are bounded.</summary>
/// <param name="source">Where the image is.</param>
internal sealed class ImageTreeReader(IImageSource source) : IDisposable
{
    private const int MaxDepth = 8;
    private const int MaxManifests = 10_000;
    private const long MaxBytes = 64 << 20;

    private readonly SemaphoreSlim _turns = new(6, 6);
    private readonly ConcurrentDictionary<string, Task<ImageNode>> _nodes = new(StringComparer.Ordinal);
    private int _manifests;
    private long _bytes;

    /// <summary>Reads the image.</summary>
    /// <param name="platforms">Which platforms of it; none means all.</param>
    /// <param name="withReferrers">Whether what was attached to it is read, too.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The tree.</returns>
    /// <exception cref="BuildxException">The failures of the source; <see cref="BuildxFailure.PlatformNotAvailable"/>; <see cref="BuildxFailure.ImageInvalid"/> beyond the bounds.</exception>
    public async Task<ImageTree> ReadAsync(IReadOnlyList<Platform> platforms, bool withReferrers, CancellationToken cancellationToken)
    {
        var document = await source.ReadRootAsync(cancellationToken).ConfigureAwait(false);
        Count(document);
        if (platforms.Count > 0)
        {
            document = document is ImageIndex index
                ? IndexFilter.Keep(index, platforms)
                : await CheckAsync((ImageManifest)document, platforms, cancellationToken).ConfigureAwait(false);
        }

        var root = await DescendAsync(document, 0, cancellationToken).ConfigureAwait(false);
        _nodes[document.Digest] = Task.FromResult(root);
        return new ImageTree { Root = root, Referrers = withReferrers ? await ReadReferrersAsync(root, cancellationToken).ConfigureAwait(false) : [] };
    }

    /// <inheritdoc/>
    public void Dispose() => _turns.Dispose();

    private async Task<ImageNode> DescendAsync(ImageDocument document, int depth, CancellationToken cancellationToken)
    {
        if (document is ImageManifest manifest)
        {
            return new ImageNode { Document = document, Blobs = [.. manifest.Layers.Prepend(manifest.ConfigDescriptor).Where(IsGiven).DistinctBy(b => b.Digest)] };
        }

        if (depth == MaxDepth)
        {
            throw Invalid($"its indexes are nested more than {MaxDepth} deep");
        }

        var entries = ((ImageIndex)document).Manifests.DistinctBy(m => m.Digest);
        return new ImageNode { Document = document, Children = await Task.WhenAll(entries.Select(e => ReadOnceAsync(e, depth + 1, cancellationToken))).ConfigureAwait(false) };
    }

    private Task<ImageNode> ReadOnceAsync(Descriptor entry, int depth, CancellationToken cancellationToken)
        => _nodes.GetOrAdd(entry.Digest, _ => ReadNodeAsync(entry, depth, cancellationToken));

    private async Task<ImageNode> ReadNodeAsync(Descriptor entry, int depth, CancellationToken cancellationToken)
    {
        ImageDocument document;
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Room();
            document = await source.ReadAsync(entry, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _ = _turns.Release();
        }

        Count(document);
        return document.Size == entry.Size
            ? await DescendAsync(document, depth, cancellationToken).ConfigureAwait(false)
            : throw Invalid($"the manifest {entry.Digest} has {document.Size} bytes, and is listed with {entry.Size}");
    }

    /// <summary>Reads what was attached, and what was attached to that.</summary>
    private async Task<IReadOnlyList<ImageNode>> ReadReferrersAsync(ImageNode root, CancellationToken cancellationToken)
    {
        var found = new List<ImageNode>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        ImageNode[] open = [.. All(root).Where(n => seen.Add(n.Document.Digest))];
        for (var depth = 0; open.Length > 0; depth++)
        {
            var lists = await Task.WhenAll(open.Select(n => ListAsync(n.Document.Digest, cancellationToken))).ConfigureAwait(false);
            var entries = lists.SelectMany(l => l).Where(e => seen.Add(e.Digest)).ToList();
            if (entries.Count > 0 && depth == MaxDepth)
            {
                throw Invalid($"what is attached to it has attachments itself, more than {MaxDepth} deep");
            }

            var nodes = await Task.WhenAll(entries.Select(e => ReadOnceAsync(e, 1, cancellationToken))).ConfigureAwait(false);
            found.AddRange(nodes);
            open = nodes;
        }

        return found;
    }

    private async Task<IReadOnlyList<Descriptor>> ListAsync(string digest, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await source.ListReferrersAsync(digest, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _ = _turns.Release();
        }
    }

    private async Task<ImageDocument> CheckAsync(ImageManifest manifest, IReadOnlyList<Platform> platforms, CancellationToken cancellationToken)
    {
        var config = MediaTypes.IsConfig(manifest.ConfigDescriptor.MediaType)
            ? await ImageConfigs.ReadAsync(source, manifest, cancellationToken).ConfigureAwait(false)
            : null;
        return platforms.FirstOrDefault(p => config?.Platform is not { } own || !IndexFilter.Fits(own, p)) is { } missing
            ? throw IndexFilter.NotAvailable(manifest, missing, config?.Platform is { } one ? [one] : [])
            : manifest;
    }

    private static IEnumerable<ImageNode> All(ImageNode node) => node.Children.SelectMany(All).Prepend(node);

    // Layers that their makers do not let others give away: registries take manifests without them.
    private static bool IsGiven(Descriptor blob)
        => !blob.MediaType.Contains(".foreign.", StringComparison.Ordinal) && !blob.MediaType.Contains(".nondistributable.", StringComparison.Ordinal);

    private void Count(ImageDocument document)
    {
        _ = Interlocked.Increment(ref _manifests);
        _ = Interlocked.Add(ref _bytes, document.Size);
        Room();
    }

    private void Room()
    {
        if (Volatile.Read(ref _manifests) > MaxManifests || Interlocked.Read(ref _bytes) > MaxBytes)
        {
            throw Invalid($"it has more than {MaxManifests} manifests, or manifests of more than {ByteSize.Format(MaxBytes)}");
        }
    }

    private BuildxException Invalid(string problem) => new(
        BuildxFailure.ImageInvalid,
        $"'{source.Reference}' is not valid: {problem}.",
        "Ask who built the image, or who runs the registry.");
}
