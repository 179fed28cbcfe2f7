namespace BuildxPS;

/// <summary>A stage of a Dockerfile, which <c>-Target</c> can name.</summary>
public sealed record DockerfileTarget
{
    /// <summary>Its name; empty for a stage without.</summary>
    public string Name { get; init; } = "";

    /// <summary>Whether a build without <c>-Target</c> builds it: it is the last one.</summary>
    public bool IsDefault { get; init; }

    /// <summary>The comment above it that begins with its name; empty for none.</summary>
    public string Description { get; init; } = "";

    /// <summary>What it is FROM: an image, or another stage.</summary>
    public string Base { get; init; } = "";

    /// <summary>The platform that its FROM names, as written; empty for none.</summary>
    public string Platform { get; init; } = "";

    /// <summary>Its FROM; null where the frontend does not say.</summary>
    public SourceExcerpt? Location { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name.Length == 0 && IsDefault ? "(default)" : Name;
}
