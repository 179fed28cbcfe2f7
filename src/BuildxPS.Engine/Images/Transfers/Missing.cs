using System.Collections.Concurrent;

namespace BuildxPS.Engine.Images.Transfers;

/// <summary>What a destination lacks of an image. All of it is asked for: an index may be there without what it lists.</summary>
/// <param name="destination">The destination.</param>
/// <param name="parallelism">How many questions are asked at once.</param>
internal sealed class Missing(IImageDestination destination, int parallelism)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>The manifests and indexes.</summary>
    public IReadOnlyList<ImageNode> Manifests { get; private set; } = [];

    /// <summary>The blobs.</summary>
    public IReadOnlyList<Descriptor> Blobs { get; private set; } = [];

    /// <summary>Asks.</summary>
    /// <param name="roots">The image, and what was attached to it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task FindAsync(IReadOnlyList<ImageNode> roots, CancellationToken cancellationToken)
    {
        var manifests = new List<ImageNode>();
        for (IReadOnlyList<ImageNode> level = roots; level.Count > 0;)
        {
            var lacked = await AskAsync(level.Where(n => _seen.Add(n.Document.Digest)), (n, token) => destination.HasAsync(n.Document, token), cancellationToken).ConfigureAwait(false);
            manifests.AddRange(lacked);
            level = [.. level.SelectMany(n => n.Children).DistinctBy(n => n.Document.Digest)];
        }

        Manifests = manifests;
        var asked = destination.KeepsBlobs ? manifests : ImageNode.Below(roots);
        Blobs = await AskAsync(asked.SelectMany(n => n.Blobs).DistinctBy(b => b.Digest), destination.HasBlobAsync, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<T>> AskAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task<bool>> has, CancellationToken cancellationToken)
    {
        var lacked = new ConcurrentDictionary<int, T>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = parallelism, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(items.Index().ToList(), options, async (item, token) =>
        {
            if (!await has(item.Item, token).ConfigureAwait(false))
            {
                lacked[item.Index] = item.Item;
            }
        }).ConfigureAwait(false);
        return [.. lacked.OrderBy(l => l.Key).Select(l => l.Value)];
    }
}
