using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Registries;

/// <content>What a repository lists: its tags, and what was attached to an image.</content>
public sealed partial class RegistryClient
{
    private const int PageSize = 1000;

    private readonly ConcurrentDictionary<string, bool> _withoutReferrers = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Lists a repository's tags, in the registry's order.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The tags, as the pages come.</returns>
    /// <exception cref="BuildxException">The failures of registries; <see cref="BuildxFailure.ImageInvalid"/> for a list without end.</exception>
    public async IAsyncEnumerable<string> ListTagsAsync(ImageReference repository, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pages = new RegistryPages(_pipeline, _options, Request(repository, $"tags/list?n={PageSize}") with { Subject = repository.Name });
        await foreach (var (_, page) in pages.ReadAsync("The list of tags", cancellationToken).ConfigureAwait(false))
        {
            foreach (var tag in page.Texts("tags"))
            {
                pages.Count();
                yield return tag;
            }
        }
    }

    /// <summary>
    /// Lists what was attached to an image: signatures, SBOMs, attestations. Registries without the referrers API keep
    /// that list under a tag that is made of the digest.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="digest">The digest of the image or index.</param>
    /// <param name="artifactType">Only those of a type; null for all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Their manifests.</returns>
    /// <exception cref="BuildxException">The failures of registries.</exception>
    public async Task<IReadOnlyList<Descriptor>> ListReferrersAsync(ImageReference repository, string digest, string? artifactType, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(repository);
        if (_withoutReferrers.ContainsKey(repository.Name))
        {
            return await ListTaggedAsync(repository, digest, artifactType, cancellationToken).ConfigureAwait(false);
        }

        var image = repository with { Tag = null, Digest = digest };
        var query = artifactType is null ? "" : "?artifactType=" + Uri.EscapeDataString(artifactType);
        var found = new List<Descriptor>();
        var isFirst = true;
        try
        {
            var request = Request(image, $"referrers/{digest}{query}") with { Accept = [MediaTypes.OciIndex] };
            var pages = new RegistryPages(_pipeline, _options, request);
            await foreach (var (mediaType, page) in pages.ReadAsync($"The list of what refers to '{image}'", cancellationToken).ConfigureAwait(false))
            {
                isFirst = false;
                foreach (var entry in ManifestReader.ReadReferrers(page, mediaType))
                {
                    pages.Count();
                    found.Add(entry);
                }
            }
        }
        catch (BuildxException e) when (isFirst && (e is RegistryRefusedException || e.Failure == BuildxFailure.ImageNotFound))
        {
            // It knows no such list. Registries can stand before others, so that this is not said of all its repositories.
            if (e.Failure == BuildxFailure.ImageNotFound || e is RegistryRefusedException { Status: HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented })
            {
                _withoutReferrers[repository.Name] = true;
            }

            return await ListTaggedAsync(repository, digest, artifactType, cancellationToken).ConfigureAwait(false);
        }

        // Registries may filter, and need not.
        return Filter(found, artifactType);
    }

    /// <summary>
    /// Gives a registry a manifest with a subject, under its digest. Where the registry does not list such manifests
    /// itself, it goes on the list under the subject's tag, as the specification asks of clients.
    /// </summary>
    /// <param name="repository">The repository.</param>
    /// <param name="document">The manifest or index.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was stored.</returns>
    internal async Task<Descriptor> PutReferrerAsync(ImageReference repository, ImageDocument document, CancellationToken cancellationToken)
    {
        var (stored, isListed) = await PutAsync(
            repository with { Tag = null, Digest = document.Digest }, document.MediaType, document.RawBytes, cancellationToken).ConfigureAwait(false);
        if (!isListed && document.Subject is { } subject)
        {
            var tagged = await GetReferrersTagAsync(repository, subject.Digest, cancellationToken).ConfigureAwait(false);
            var list = tagged is null or ImageIndex ? tagged as ImageIndex : throw OtherThanList(repository, tagged, document);
            if (list is null || list.Manifests.All(m => m.Digest != document.Digest))
            {
                await PutManifestAsync(
                    repository with { Tag = ReferrersTag(subject.Digest), Digest = null }, MediaTypes.OciIndex, ReferrerList.With(list, document), cancellationToken).ConfigureAwait(false);
            }
        }

        return stored;
    }

    private async Task<IReadOnlyList<Descriptor>> ListTaggedAsync(ImageReference repository, string digest, string? artifactType, CancellationToken cancellationToken)
        => Filter(await GetReferrersTagAsync(repository, digest, cancellationToken).ConfigureAwait(false) is ImageIndex list ? list.Manifests : [], artifactType);

    private static IReadOnlyList<Descriptor> Filter(IReadOnlyList<Descriptor> found, string? artifactType)
        => artifactType is null ? found : [.. found.Where(f => f.ArtifactType == artifactType)];

    private async Task<ImageDocument?> GetReferrersTagAsync(ImageReference repository, string digest, CancellationToken cancellationToken)
    {
        var tag = repository with { Tag = ReferrersTag(digest), Digest = null };
        try
        {
            // Of the registry itself: a mirror's list may be an older one, and what it lacks would be lost when the list is written.
            var found = await GetManifestAsync(tag, ManifestRequest(tag), cancellationToken).ConfigureAwait(false);
            return ManifestReader.Read(tag, found.Bytes, found.MediaType, found.Digest);
        }
        catch (BuildxException e) when (e.Failure == BuildxFailure.ImageNotFound)
        {
            return null;
        }
    }

    private static BuildxException OtherThanList(ImageReference repository, ImageDocument found, ImageDocument document) => new(
        BuildxFailure.ImageInvalid,
        $"'{document.Digest}' cannot be listed as attached in '{repository.Name}': the tag '{ReferrersTag(document.Subject!.Digest)}', where the list belongs, names something else ({found.MediaType}).",
        "Give what the tag names another tag and remove this one, or copy without what is attached (-NoReferrer).");

    // Tags have 128 characters at most; of longer digests the specification takes what fits.
    private static string ReferrersTag(string digest) => digest.Replace(':', '-') is { Length: > 128 } tag ? tag[..128] : digest.Replace(':', '-');
}
