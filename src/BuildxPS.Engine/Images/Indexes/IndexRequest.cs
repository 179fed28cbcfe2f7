namespace BuildxPS.Engine.Images.Indexes;

/// <summary>An index that a user wants: <c>docker buildx imagetools create</c>.</summary>
public sealed record IndexRequest
{
    /// <summary>What it is made of, in order.</summary>
    public required IReadOnlyList<IndexSource> Sources { get; init; }

    /// <summary>The names that it gets; none only where nothing is pushed.</summary>
    public IReadOnlyList<ImageReference> Tags { get; init; } = [];

    /// <summary>Whether what the first name points at by now comes before all sources.</summary>
    public bool IsAppended { get; init; }

    /// <summary>Annotations, of the index or of its entries.</summary>
    public IReadOnlyList<AnnotationSpec> Annotations { get; init; } = [];

    /// <summary>Platforms to keep; none keeps all.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Whether a single manifest gets an index around it instead of being taken as it is.</summary>
    public bool PreferIndex { get; init; } = true;

    /// <summary>All sources, the one that is appended to among them.</summary>
    internal IReadOnlyList<IndexSource> AllSources => IsAppended ? [IndexSource.From(Tags[0]), .. Sources] : Sources;

    /// <summary>Refuses what cannot be made; nothing is asked.</summary>
    /// <param name="isPushed">Whether it is to be pushed.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.TagRequired"/>, <see cref="BuildxFailure.TagInvalid"/>, <see cref="BuildxFailure.ArgumentInvalid"/> or <see cref="BuildxFailure.AnnotationInvalid"/>.</exception>
    public void Check(bool isPushed)
    {
        if (Tags.Count == 0 && (isPushed || IsAppended))
        {
            throw new BuildxException(
                BuildxFailure.TagRequired,
                IsAppended ? "There is no name to append to." : "The index has no name, so that no registry can have it.",
                "Name it with -Tag registry/repository:tag; -WhatIf alone shows an index without pushing it.");
        }

        if (Tags.FirstOrDefault(t => t.Digest is not null) is { } fixedTag)
        {
            throw new BuildxException(
                BuildxFailure.TagInvalid, $"The name '{fixedTag}' has a digest, and that of the index is not known before it is made.", "Leave the digest out.");
        }

        if (Sources.Count == 0)
        {
            throw new BuildxException(BuildxFailure.ArgumentInvalid, "There is no image of which the index could be made.", "Name images with -Source, descriptors with -File, or pipe them.");
        }

        CheckAnnotations();
    }

    private void CheckAnnotations()
    {
        if (Annotations.FirstOrDefault(a => a.Level is not (AnnotationLevel.Index or AnnotationLevel.ManifestDescriptor)) is { } annotation)
        {
            throw new BuildxException(
                BuildxFailure.AnnotationInvalid,
                annotation.Level == AnnotationLevel.IndexDescriptor
                    ? $"The annotation '{annotation}' has nothing to stand on: in a registry no index lists the new one."
                    : $"The annotation '{annotation}' is for manifests, which are taken as they are: another annotation would make other images of them.",
                "Write 'index:key=value' for the index itself, or 'manifest-descriptor:key=value' and 'manifest-descriptor[linux/amd64]:key=value' for its entries.");
        }
    }
}
