using BuildxPS.Engine.Images.Manifests;
using BuildxPS.Engine.Images.Registries;
using BuildxPS.Engine.Images.Transfers;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>Looks sources up in their registries: with one request where all but their presence is known, and no blob but configs of images whose platform is not.</summary>
/// <param name="client">What speaks to the registries.</param>
internal sealed class SourceResolver(RegistryClient client)
{
    private const int Together = 8;

    /// <summary>Looks all sources up.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The sources in order.</returns>
    /// <exception cref="BuildxException">A source is not there, or is not what was said of it.</exception>
    public async Task<IReadOnlyList<ResolvedSource>> ResolveAsync(IndexRequest request, CancellationToken cancellationToken)
    {
        var sources = request.AllSources;
        var places = sources.Select(s => s.Reference ?? RepositoryOf(request, sources, s) with { Tag = null, Digest = s.Given!.Digest }).ToList();
        var isCopied = sources.Count == 1 && !request.PreferIndex && request.Annotations.Count == 0;
        var found = new ResolvedSource[sources.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, sources.Count),
            new ParallelOptions { MaxDegreeOfParallelism = Together, CancellationToken = cancellationToken },
            async (i, token) => found[i] = await ResolveAsync(sources[i], places[i], isCopied, token).ConfigureAwait(false)).ConfigureAwait(false);
        return found;
    }

    /// <summary>Where a source is that says only its digest: in the one repository that is named at all.</summary>
    private static ImageReference RepositoryOf(IndexRequest request, IReadOnlyList<IndexSource> sources, IndexSource source)
    {
        var names = sources.Select(s => s.Reference).OfType<ImageReference>().Concat(request.Tags).DistinctBy(r => r.Name).ToList();
        return names.Count switch
        {
            1 => names[0],
            0 => throw new BuildxException(
                BuildxFailure.TagRequired, $"No repository is named that could have '{source}'.", "Name the source as REPOSITORY@DIGEST, or the index with -Tag."),
            _ => throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"'{source}' could be in any of the repositories that are named: {string.Join(", ", names.Select(n => n.Name).Order(StringComparer.Ordinal))}.",
                "Name the source as REPOSITORY@DIGEST."),
        };
    }

    private async Task<ResolvedSource> ResolveAsync(IndexSource source, ImageReference place, bool isCopied, CancellationToken cancellationToken)
    {
        if (source.Document is { } known)
        {
            _ = await client.ResolveAsync(place, cancellationToken).ConfigureAwait(false);
            return await CompleteAsync(place, known, null, cancellationToken).ConfigureAwait(false);
        }

        if (source.Given is { Size: { } size, Platform.IsWhole: true } given && MediaTypes.IsManifest(given.MediaType) && !isCopied)
        {
            var there = await client.ResolveAsync(place, cancellationToken).ConfigureAwait(false);
            Check(source, given, there.MediaType, there.Size);
            return new ResolvedSource { Repository = place, Entry = given with { Size = size } };
        }

        var manifest = await client.GetManifestAsync(place, cancellationToken).ConfigureAwait(false);
        var document = ManifestReader.Read(place, manifest.Bytes, manifest.MediaType, manifest.Digest);
        Check(source, source.Given, document.MediaType, document.Size);
        return await CompleteAsync(place, document, source.Given, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ResolvedSource> CompleteAsync(ImageReference place, ImageDocument document, IndexEntry? given, CancellationToken cancellationToken)
    {
        var entry = (given ?? new IndexEntry { Digest = document.Digest }) with { MediaType = document.MediaType, Size = document.Size };
        if (document is ImageManifest manifest && entry.Platform is not { IsWhole: true })
        {
            var platform = await ReadPlatformAsync(place, manifest, cancellationToken).ConfigureAwait(false);
            entry = entry with { Platform = platform is null ? entry.Platform : (entry.Platform ?? new EntryPlatform()).CompletedBy(platform) };
        }

        return new ResolvedSource { Repository = place with { Tag = null, Digest = document.Digest }, Entry = entry, Bytes = document.RawBytes };
    }

    private async Task<Platform?> ReadPlatformAsync(ImageReference place, ImageManifest manifest, CancellationToken cancellationToken)
        => manifest.Config is { } config ? config.Platform
            : !MediaTypes.IsConfig(manifest.ConfigDescriptor.MediaType) ? null
            : (await ImageConfigs.ReadAsync(new RegistryImage(client, place), manifest, cancellationToken).ConfigureAwait(false)).Platform;

    private static void Check(IndexSource source, IndexEntry? given, string mediaType, long size)
    {
        var problem = given is null ? null
            : given.Size is { } said && said != size ? $"it says {said} bytes, and the registry has {size}"
            : given.MediaType.Length > 0 && given.MediaType != mediaType ? $"it says '{DisplayText.Line(given.MediaType, 80)}', and the registry '{DisplayText.Line(mediaType, 80)}'"
            : null;
        if (problem is not null)
        {
            throw new BuildxException(
                BuildxFailure.DigestMismatch,
                $"The descriptor '{source}' is not of what it names: {problem}.",
                "Correct the descriptor, or leave out what the registry knows: a digest and what is to be said otherwise are enough.");
        }
    }
}
