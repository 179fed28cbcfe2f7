using System.Security.Cryptography;
using System.Text;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>Brings an index into repositories: all that it points at first, its names last.</summary>
/// <param name="client">What speaks to the registries.</param>
/// <param name="index">The index.</param>
/// <param name="report">Told what happens.</param>
internal sealed class IndexPush(RegistryClient client, PreparedIndex index, Func<BuildEvent, CancellationToken, ValueTask> report)
{
    private const int Together = 4;

    /// <summary>Pushes it.</summary>
    /// <param name="tags">The names.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async Task RunAsync(IReadOnlyList<ImageReference> tags, CancellationToken cancellationToken)
    {
        var repositories = tags.DistinctBy(t => t.ToString()).GroupBy(t => t.Name).ToList();

        // No name points at the new index before all repositories have what it needs.
        await Parallel.ForEachAsync(repositories, Options(cancellationToken), async (r, token) => await FillAsync(r.First(), token).ConfigureAwait(false)).ConfigureAwait(false);
        await Parallel.ForEachAsync(repositories, Options(cancellationToken), async (r, token) => await NameAsync(r.Key, [.. r], token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private static ParallelOptions Options(CancellationToken cancellationToken) => new() { MaxDegreeOfParallelism = Together, CancellationToken = cancellationToken };

    private async Task FillAsync(ImageReference target, CancellationToken cancellationToken)
    {
        foreach (var group in index.Image.Entries.Where(e => e.Repository.Name != target.Name).GroupBy(e => e.Repository.Name))
        {
            var repository = group.First().Repository with { Tag = null, Digest = null };
            var copy = await new EntryGroup(client, repository, RootOf([.. group])).PlanAsync(target with { Tag = null }, cancellationToken).ConfigureAwait(false);
            await foreach (var e in copy.RunAsync(cancellationToken).ConfigureAwait(false))
            {
                await report(e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private ImageDocument RootOf(IReadOnlyList<PlacedEntry> entries)
    {
        if (entries.Count == index.Image.Entries.Count)
        {
            return index.Document;
        }

        var bytes = new IndexDraft { MediaType = MediaTypes.OciIndex, Entries = [.. entries.Select(e => e.Entry)] }.ToBytes();
        return ManifestReader.Read(index.Document.Reference, bytes, MediaTypes.OciIndex, Digests.Compute(bytes));
    }

    private async Task NameAsync(string repository, IReadOnlyList<ImageReference> tags, CancellationToken cancellationToken)
    {
        var vertex = new VertexChanged
        {
            Digest = "sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            Name = $"[internal] pushing {repository}",
            Started = DateTimeOffset.UtcNow,
        };
        await report(vertex, cancellationToken).ConfigureAwait(false);
        try
        {
            await Parallel.ForEachAsync(tags, Options(cancellationToken), async (tag, token) => await NameAsync(vertex, tag, token).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (BuildxException e)
        {
            await report(vertex with { Completed = DateTimeOffset.UtcNow, Error = e.Message }, cancellationToken).ConfigureAwait(false);
            throw;
        }

        await report(vertex with { Completed = DateTimeOffset.UtcNow }, cancellationToken).ConfigureAwait(false);
    }

    private async Task NameAsync(VertexChanged vertex, ImageReference tag, CancellationToken cancellationToken)
    {
        _ = await client.PutManifestAsync(tag, index.Image.Root.MediaType, index.Image.Bytes, cancellationToken).ConfigureAwait(false);
        var line = Encoding.UTF8.GetBytes($"pushed {index.Image.Root.Digest} to {tag}\n");
        await report(new VertexLog { VertexDigest = vertex.Digest, Stream = 1, Data = line, Timestamp = DateTimeOffset.UtcNow }, cancellationToken).ConfigureAwait(false);
    }
}
