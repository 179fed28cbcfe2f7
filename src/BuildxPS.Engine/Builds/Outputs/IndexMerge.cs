using System.Security.Cryptography;
using BuildxPS.Engine.Images.Indexes;
using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;

namespace BuildxPS.Engine.Builds.Outputs;

/// <summary>Makes one index of what several nodes pushed, and gives it its names: last, when all parts are there.</summary>
internal sealed class IndexMerge(RegistryClient client, Func<BuildEvent, CancellationToken, ValueTask> report)
{
    /// <summary>Reads the parts back, merges them, and pushes the index under each name.</summary>
    /// <param name="names">The names that the user asked for.</param>
    /// <param name="digests">What each node pushed, by digest, into the repository of each name.</param>
    /// <param name="annotations">Annotations of the index.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The index.</returns>
    /// <exception cref="BuildxException">A part is not an index, or a registry refused.</exception>
    public async Task<ImageIndex> PushAsync(
        IReadOnlyList<ImageReference> names, IReadOnlyList<string> digests, IReadOnlyDictionary<string, string> annotations, CancellationToken cancellationToken)
    {
        var vertex = new VertexChanged
        {
            Digest = "sha256:" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            Name = $"merging manifest list {string.Join(", ", names)}",
            Started = DateTimeOffset.UtcNow,
        };
        await report(vertex, cancellationToken).ConfigureAwait(false);
        try
        {
            var index = await MergeAsync(names, digests, annotations, cancellationToken).ConfigureAwait(false);
            await report(vertex with { Completed = DateTimeOffset.UtcNow }, cancellationToken).ConfigureAwait(false);
            return index;
        }
        catch (BuildxException e)
        {
            await report(vertex with { Completed = DateTimeOffset.UtcNow, Error = e.Message }, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<ImageIndex> MergeAsync(
        IReadOnlyList<ImageReference> names, IReadOnlyList<string> digests, IReadOnlyDictionary<string, string> annotations, CancellationToken cancellationToken)
    {
        var parts = await Task.WhenAll(digests.Select(d => ReadAsync(names[0] with { Tag = null, Digest = d }, cancellationToken))).ConfigureAwait(false);
        var merged = IndexComposer.Merge([.. parts.Select(ResolvedSource.From)], [.. annotations.Select(a => new AnnotationSpec { Level = AnnotationLevel.Index, Key = a.Key, Value = a.Value })]);
        foreach (var name in names)
        {
            await client.PutManifestAsync(name, merged.Root.MediaType, merged.Bytes, cancellationToken).ConfigureAwait(false);
        }

        return (ImageIndex)ManifestReader.Read(names[0], merged.Bytes, merged.Root.MediaType, merged.Root.Digest);
    }

    /// <summary>The digest that a node says it pushed.</summary>
    /// <param name="node">The node.</param>
    /// <param name="response">What its exporters answered.</param>
    /// <returns>The digest.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static string DigestOf(string node, IReadOnlyDictionary<string, string> response)
        => response.GetValueOrDefault("containerimage.digest") is { } digest && Digests.IsValid(digest)
            ? digest
            : throw new BuildxException(
                BuildxFailure.ProtocolViolation,
                $"The node '{node}' pushed its part of the image, and did not say under which digest.",
                "Look at the engine's log; BuildKit 0.8 and newer say it.");

    private async Task<ImageIndex> ReadAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var found = await client.GetManifestAsync(reference, cancellationToken).ConfigureAwait(false);
        return ManifestReader.Read(reference, found.Bytes, found.MediaType, found.Digest) as ImageIndex
            ?? throw new BuildxException(
                BuildxFailure.ImageInvalid,
                $"'{reference}', which a node pushed, is a single image that does not say for which platform, and not an index.",
                "Use a frontend that makes images for several platforms, or build on one node.");
    }
}
