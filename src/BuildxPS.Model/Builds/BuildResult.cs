namespace BuildxPS;

/// <summary>What one build produced.</summary>
public sealed record BuildResult
{
    /// <summary>The build's reference, <c>BUILDER/NODE/REF</c>, as buildx writes it.</summary>
    public required string BuildRef { get; init; }

    /// <summary>
    /// The build context, a folder or an address, as it was given, without what is secret in an address; null where the context
    /// was a stream or there was none.
    /// </summary>
    public string? ContextPath { get; init; }

    /// <summary>The builder that it ran on.</summary>
    public required string Builder { get; init; }

    /// <summary>Which of its nodes built which platforms, and why.</summary>
    public IReadOnlyList<NodePlan> Nodes { get; init => field = Indexable.From(value); } = ShownList<NodePlan>.Empty;

    /// <summary>How it ended. A build that failed is an error, not a result; so far this is always <see cref="BuildStatus.Completed"/>.</summary>
    public BuildStatus Status { get; init; }

    /// <summary>Names that the image got, as references.</summary>
    public IReadOnlyList<string> Images { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>Digest of the manifest or index (with a classic image store: the image id); null where no image was made.</summary>
    public string? Digest { get; init; }

    /// <summary>
    /// The image's id, as <c>docker buildx build --quiet</c> prints it: the digest of its config, or <see cref="Digest"/> where
    /// the result is an index or a containerd image store keeps it; null where no image was made.
    /// </summary>
    public string? ImageId { get; init; }

    /// <summary>Platforms that were built.</summary>
    public IReadOnlyList<Platform> Platforms { get; init => field = Indexable.From(value); } = ShownList<Platform>.Empty;

    /// <summary>
    /// The image of each platform, attestations left out; null where no image was made, or where the engine does not tell: a
    /// warning says so if several platforms were built.
    /// </summary>
    public IReadOnlyList<BuiltImage>? PlatformImages { get; init => field = value is null ? null : Indexable.From(value); }

    /// <summary>What was written, one entry an output.</summary>
    public IReadOnlyList<BuildOutput> Outputs { get; init => field = Indexable.From(value); } = ShownList<BuildOutput>.Empty;

    /// <summary>Time from the request to the last byte written.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The steps, each after those whose results it uses.</summary>
    public IReadOnlyList<BuildStep> Steps { get; init => field = Indexable.From(value); } = ShownList<BuildStep>.Empty;

    /// <summary>How many of <see cref="Steps"/> came from the cache.</summary>
    public int CachedSteps => Steps.Count(s => s.IsCached);

    /// <summary>Warnings of the Dockerfile's checks, of the builder, and of what became of the result.</summary>
    public IReadOnlyList<BuildWarning> Warnings { get; init => field = Indexable.From(value); } = ShownList<BuildWarning>.Empty;

    /// <summary>What the exporters reported, by key, as in buildx's metadata file.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init => field = Indexable.From(value); } = ShownPairs.Empty;

    /// <inheritdoc/>
    public override string ToString() => Digest ?? BuildRef;
}
