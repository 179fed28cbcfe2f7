using BuildxPS.Engine.Images.Manifests;

namespace BuildxPS.Engine.Images.Indexes;

/// <summary>Makes one index of images, as <c>docker buildx imagetools create</c> does. Nothing is asked or written here.</summary>
internal static class IndexComposer
{
    /// <summary>Puts images together.</summary>
    /// <param name="sources">The images; at least one.</param>
    /// <param name="annotations">Annotations of the index and of its entries.</param>
    /// <param name="preferIndex">Whether a single manifest gets an index around it.</param>
    /// <returns>The index. An index alone stays as it is, to the byte, and so does a manifest alone that is to stay one.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AnnotationInvalid"/>, <see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static ComposedImage Compose(IReadOnlyList<ResolvedSource> sources, IReadOnlyList<AnnotationSpec> annotations, bool preferIndex)
    {
        if (sources is [var only] && annotations.Count == 0 && (only.IsIndex || !preferIndex))
        {
            return new ComposedImage
            {
                Root = only.Entry,
                Bytes = only.Bytes,
                Entries = only.IsIndex ? EntriesOf(only) : [new PlacedEntry(only.Entry, only.Repository)],
            };
        }

        return Merge(sources, annotations);
    }

    /// <summary>Puts the entries of images together in a new index.</summary>
    /// <param name="sources">The images.</param>
    /// <param name="annotations">Annotations of the index and of its entries.</param>
    /// <returns>The index: a docker manifest list only if all entries are docker's own.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AnnotationInvalid"/>, <see cref="BuildxFailure.ImageInvalid"/>.</exception>
    public static ComposedImage Merge(IReadOnlyList<ResolvedSource> sources, IReadOnlyList<AnnotationSpec> annotations)
    {
        var placed = Flatten(sources);
        var onlyDocker = placed.All(p => p.Entry.MediaType.StartsWith("application/vnd.docker.", StringComparison.Ordinal));
        IReadOnlyList<string> warnings = onlyDocker && annotations.Count > 0
            ? ["The annotations are left out: all images are of docker's own media types, so that their index is a docker manifest list, which has none."]
            : [];
        placed = onlyDocker ? placed : Annotate(placed, annotations);
        var mediaType = onlyDocker ? MediaTypes.DockerList : MediaTypes.OciIndex;
        var draft = new IndexDraft
        {
            MediaType = mediaType,
            Entries = [.. placed.Select(p => p.Entry)],
            Annotations = onlyDocker ? new Dictionary<string, string>() : Last(annotations.Where(a => a.Level == AnnotationLevel.Index)),
        };
        return ComposedImage.From(draft, placed, mediaType) with { Warnings = warnings };
    }

    /// <summary>Keeps what is for some platforms: images, their attestations, and what states no platform.</summary>
    /// <param name="image">The image.</param>
    /// <param name="platforms">The platforms; at least one.</param>
    /// <returns>The image; the same, to the byte, where nothing falls away.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.PlatformNotAvailable"/>.</exception>
    public static ComposedImage Keep(ComposedImage image, IReadOnlyList<Platform> platforms)
    {
        var kept = image.Entries.Where(e => IsKept(image, e.Entry, platforms)).ToList();
        if (kept.Count == 0)
        {
            var there = image.Entries.Select(e => e.Entry.Platform?.Meaning).OfType<Platform>().Where(p => p.OS != "unknown").Distinct();
            throw new BuildxException(
                BuildxFailure.PlatformNotAvailable,
                $"No image is for {string.Join(" or ", platforms)}: there are {string.Join(", ", there.Select(p => DisplayText.Line(p.ToString(), 40)))}.",
                "Name platforms that the sources have.");
        }

        return kept.Count == image.Entries.Count ? image : Rewrite(image, kept);
    }

    /// <summary>Adds entries at the end.</summary>
    /// <param name="image">An index.</param>
    /// <param name="entries">The entries; none changes nothing.</param>
    /// <returns>The index.</returns>
    public static ComposedImage Add(ComposedImage image, IReadOnlyList<PlacedEntry> entries)
        => entries.Count == 0 ? image : Rewrite(image, [.. image.Entries, .. entries]);

    private static bool IsKept(ComposedImage image, IndexEntry entry, IReadOnlyList<Platform> platforms)
    {
        if (entry.Platform is null || platforms.Any(entry.Platform.Fits))
        {
            return image.IsIndex || entry.Platform is not null;
        }

        return entry.AttestationOf is { } subject
            && image.Entries.LastOrDefault(e => e.Entry.Digest == subject)?.Entry is { } of
            && (of.Platform is null || platforms.Any(of.Platform.Fits));
    }

    private static ComposedImage Rewrite(ComposedImage image, IReadOnlyList<PlacedEntry> entries)
    {
        var draft = IndexDraft.Read(image.Bytes, "The index") with { Entries = [.. entries.Select(e => e.Entry)] };
        var smaller = ComposedImage.From(draft, entries, image.Root.MediaType);
        return smaller with { Root = smaller.Root with { Annotations = image.Root.Annotations }, Warnings = image.Warnings };
    }

    private static List<PlacedEntry> EntriesOf(ResolvedSource index)
        => [.. IndexDraft.Read(index.Bytes, $"The index {index.Entry.Digest}").Entries.Select(e => new PlacedEntry(e, index.Repository))];

    /// <summary>Entries in order; one that comes again stands where it was first, with what the later one says more.</summary>
    private static List<PlacedEntry> Flatten(IReadOnlyList<ResolvedSource> sources)
    {
        var placed = new List<PlacedEntry>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var next in sources.SelectMany(s => s.IsIndex ? EntriesOf(s) : [new PlacedEntry(s.Entry, s.Repository)]))
        {
            if (places.TryGetValue(next.Entry.Digest, out var at))
            {
                var merged = placed[at].Entry.With(next.Entry.Annotations) with { Platform = next.Entry.Platform ?? placed[at].Entry.Platform };
                placed[at] = new PlacedEntry(merged, next.Repository);
            }
            else
            {
                places[next.Entry.Digest] = placed.Count;
                placed.Add(next);
            }
        }

        return placed;
    }

    private static List<PlacedEntry> Annotate(List<PlacedEntry> placed, IReadOnlyList<AnnotationSpec> annotations)
    {
        var ofEntries = annotations.Where(a => a.Level == AnnotationLevel.ManifestDescriptor).ToList();
        if (ofEntries.FirstOrDefault(a => a.Platform is { } p && !placed.Exists(e => e.Entry.Platform?.Fits(p) == true)) is { } vain)
        {
            throw new BuildxException(
                BuildxFailure.AnnotationInvalid,
                $"The annotation '{vain}' is for {vain.Platform}, and no image is.",
                "Name a platform that the sources have, or leave the brackets out to annotate all.");
        }

        return placed.ConvertAll(p => p with
        {
            Entry = p.Entry.With(Last(ofEntries.Where(a => a.Platform is null || p.Entry.Platform?.Fits(a.Platform) == true))),
        });
    }

    private static Dictionary<string, string> Last(IEnumerable<AnnotationSpec> annotations)
    {
        var last = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var annotation in annotations)
        {
            last[annotation.Key] = annotation.Value;
        }

        return last;
    }
}
