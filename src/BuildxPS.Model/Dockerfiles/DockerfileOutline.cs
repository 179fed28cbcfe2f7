namespace BuildxPS;

/// <summary>What a stage of a Dockerfile takes from whoever builds it.</summary>
public sealed record DockerfileOutline
{
    /// <summary>The stage's name; empty for one without.</summary>
    public string Name { get; init; } = "";

    /// <summary>The comment above it that begins with its name; empty for none.</summary>
    public string Description { get; init; } = "";

    /// <summary>Build arguments that it uses.</summary>
    public IReadOnlyList<OutlineArgument> BuildArgs { get; init => field = Indexable.From(value); } = ShownList<OutlineArgument>.Empty;

    /// <summary>Secrets that its steps mount.</summary>
    public IReadOnlyList<OutlineMount> Secrets { get; init => field = Indexable.From(value); } = ShownList<OutlineMount>.Empty;

    /// <summary>SSH agents that its steps mount.</summary>
    public IReadOnlyList<OutlineMount> Ssh { get; init => field = Indexable.From(value); } = ShownList<OutlineMount>.Empty;

    /// <summary>Caches that its steps mount, of frontends that tell them.</summary>
    public IReadOnlyList<OutlineMount> CacheMounts { get; init => field = Indexable.From(value); } = ShownList<OutlineMount>.Empty;

    /// <summary>The texts that the locations are in: the Dockerfile's.</summary>
    public IReadOnlyList<string> Sources { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A build argument of a <see cref="DockerfileOutline"/>.</summary>
public sealed record OutlineArgument
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What the Dockerfile says that it is without <c>-BuildArg</c>, as written where that is known; null where it says nothing.</summary>
    public string? Default { get; init; }

    /// <summary>What it is with the arguments that were given; empty for nothing.</summary>
    public string Value { get; init; } = "";

    /// <summary>The comment above it that begins with its name; empty for none.</summary>
    public string Description { get; init; } = "";

    /// <summary>Where it is declared; null where the frontend does not say.</summary>
    public SourceExcerpt? Location { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A secret, SSH agent or cache of a <see cref="DockerfileOutline"/>.</summary>
public sealed record OutlineMount
{
    /// <summary>Its id.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the step fails without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Where it is mounted; null where the frontend does not say.</summary>
    public SourceExcerpt? Location { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
