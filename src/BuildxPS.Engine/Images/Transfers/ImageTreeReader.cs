using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
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
    private readonly ConcurrentBag<Descriptor> _absent = [];
    private readonly CancellationTokenSource _stopping = new();
    private ExceptionDispatchInfo? _first;
    private int _manifests;
    private long _bytes;

    /// <summary>Reads the image. The first failure ends it.</summary>
    /// <param name="platforms">Which platforms of it; none means all.</param>
    /// <param name="withReferrers">Whether what was attached to it is read, too.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The tree.</returns>
    /// <exception cref="BuildxException">The failures of the source; <see cref="BuildxFailure.PlatformNotAvailable"/>; <see cref="BuildxFailure.ImageInvalid"/> beyond the bounds.</exception>
    public async Task<ImageTree> ReadAsync(IReadOnlyList<Platform> platforms, bool withReferrers, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        try
        {
            return await ReadTreeAsync(platforms, withReferrers, either.Token).ConfigureAwait(false);
        }
        catch when (_first is not null && !cancellationToken.IsCancellationRequested)
        {
            // What the others say while they are being stopped follows from this one.
            _first.Throw();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _turns.Dispose();
        _stopping.Dispose();
    }

    private async Task<ImageTree> ReadTreeAsync(IReadOnlyList<Platform> platforms, bool withReferrers, CancellationToken cancellationToken)
    {
        var document = await source.ReadRootAsync(cancellationToken).ConfigureAwait(false);
        _manifests = 1;
        Count(document);
        if (platforms.Count > 0)
        {
            document = document is ImageIndex index
                ? IndexFilter.Keep(index, platforms)
                : await CheckAsync((ImageManifest)document, platforms, cancellationToken).ConfigureAwait(false);
        }

        var root = await DescendAsync(document, 0, cancellationToken).ConfigureAwait(false);
        _nodes[document.Digest] = Task.FromResult(root);
        var referrers = withReferrers ? await ReadReferrersAsync(root, cancellationToken).ConfigureAwait(false) : [];
        return new ImageTree { Root = root, Referrers = referrers, Absent = [.. _absent.OrderBy(a => a.Digest, StringComparer.Ordinal)] };
    }

    private async Task<ImageNode> DescendAsync(ImageDocument document, int depth, CancellationToken cancellationToken)
    {
        if (document is ImageManifest manifest)
        {
            return new ImageNode { Document = document, Blobs = [.. manifest.Layers.Prepend(manifest.ConfigDescriptor).Where(IsGiven).DistinctBy(b => b.Digest)] };
        }

        if (depth == MaxDepth)
        {
            throw TooDeep();
        }

        var entries = ((ImageIndex)document).Manifests.DistinctBy(m => m.Digest);
        var children = await Task.WhenAll(entries.Select(e => ReadOnceAsync(e, depth + 1, cancellationToken))).ConfigureAwait(false);

        // The depth at which it was met first says nothing of the way down through what was read already.
        var height = children.Length == 0 ? 0 : 1 + children.Max(c => c.Height);
        return height <= MaxDepth ? new ImageNode { Document = document, Children = children, Height = height } : throw TooDeep();
    }

    private Task<ImageNode> ReadOnceAsync(Descriptor entry, int depth, CancellationToken cancellationToken)
        => _nodes.GetOrAdd(entry.Digest, _ => OrStopAsync(async () =>
            await DescendAsync(await FetchAsync(entry, cancellationToken).ConfigureAwait(false), depth, cancellationToken).ConfigureAwait(false)));

    private async Task<ImageDocument> FetchAsync(Descriptor entry, CancellationToken cancellationToken)
    {
        ImageDocument document;
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _ = Interlocked.Increment(ref _manifests);
            Room();
            document = await source.ReadAsync(entry, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _ = _turns.Release();
        }

        Count(document);
        return document.Size == entry.Size
            ? document
            : throw Invalid($"the manifest {entry.Digest} has {document.Size} bytes, and is listed with {entry.Size}");
    }

    /// <summary>Reads what was attached, and what was attached to that.</summary>
    private async Task<IReadOnlyList<ImageNode>> ReadReferrersAsync(ImageNode root, CancellationToken cancellationToken)
    {
        var found = new List<ImageNode>();
        IReadOnlyList<ImageNode> open = [.. ImageNode.Below([root])];
        var seen = open.Select(n => n.Document.Digest).ToHashSet(StringComparer.Ordinal);
        for (var depth = 0; open.Count > 0; depth++)
        {
            var lists = await Task.WhenAll(open.Select(n => OrStopAsync(() => ListAsync(n.Document.Digest, cancellationToken)))).ConfigureAwait(false);
            var entries = lists.SelectMany(l => l).Where(e => seen.Add(e.Digest)).ToList();
            if (entries.Count > 0 && depth == MaxDepth)
            {
                throw Invalid($"what is attached to it has attachments itself, more than {MaxDepth} deep");
            }

            if (entries.Count + _manifests > MaxManifests)
            {
                throw TooMuch();
            }

            var nodes = await Task.WhenAll(entries.Select(e => OrStopAsync(() => ReadReferrerAsync(e, cancellationToken)))).ConfigureAwait(false);
            open = [.. nodes.OfType<ImageNode>()];
            found.AddRange(open);
        }

        return found;
    }

    /// <summary>Reads one; null if it is not there: lists may name what was removed since, and the image needs none of it.</summary>
    private async Task<ImageNode?> ReadReferrerAsync(Descriptor entry, CancellationToken cancellationToken)
    {
        ImageDocument document;
        try
        {
            document = await FetchAsync(entry, cancellationToken).ConfigureAwait(false);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.ImageNotFound)
        {
            _absent.Add(entry);
            return null;
        }

        return await _nodes.GetOrAdd(entry.Digest, _ => DescendAsync(document, 1, cancellationToken)).ConfigureAwait(false);
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

    /// <summary>Does one of many things at a time; the first that fails stops the others.</summary>
    private async Task<T> OrStopAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _ = Interlocked.CompareExchange(ref _first, ExceptionDispatchInfo.Capture(e), null);
            await _stopping.CancelAsync().ConfigureAwait(false);
            throw;
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

    // Layers that their makers do not let others give away: registries take manifests without them.
    private static bool IsGiven(Descriptor blob)
        => !blob.MediaType.Contains(".foreign.", StringComparison.Ordinal) && !blob.MediaType.Contains(".nondistributable.", StringComparison.Ordinal);

    private void Count(ImageDocument document)
    {
        _ = Interlocked.Add(ref _bytes, document.Size);
        Room();
    }

    private void Room()
    {
        if (Volatile.Read(ref _manifests) > MaxManifests || Interlocked.Read(ref _bytes) > MaxBytes)
        {
            throw TooMuch();
        }
    }

    private BuildxException TooDeep() => Invalid($"its indexes are nested more than {MaxDepth} deep");

    private BuildxException TooMuch() => Invalid($"it has more than {MaxManifests} manifests, or manifests of more than {ByteSize.Format(MaxBytes)}");

    private BuildxException Invalid(string problem) => new(
        BuildxFailure.ImageInvalid,
        $"'{source.Reference}' is not valid: {problem}.",
        "Ask who built the image, or who runs the registry.");
}
