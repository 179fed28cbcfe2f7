namespace BuildxPS;

/// <summary>A rule that a Dockerfile breaks, or what keeps it from being built.</summary>
public sealed record DockerfileViolation
{
    /// <summary>How bad it is.</summary>
    public ViolationLevel Level { get; init; }

    /// <summary>The rule's name, for example <c>StageNameCasing</c>; null for an error, which is no rule's.</summary>
    public string? Rule { get; init; }

    /// <summary>What the rule asks for; empty for an error.</summary>
    public string Description { get; init; } = "";

    /// <summary>What is wrong here.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The Dockerfile's path; as the frontend names it where it is not on this machine.</summary>
    public string File { get; init; } = "";

    /// <summary>First line of the place; null where the frontend names none.</summary>
    public int? StartLine { get; init; }

    /// <summary>Last line of the place, included.</summary>
    public int? EndLine { get; init; }

    /// <summary>Where the rule is explained.</summary>
    public Uri? Url { get; init; }

    /// <summary>The place with the text around it; null where the frontend names none.</summary>
    public SourceExcerpt? Source { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Rule ?? "Error"}: {Detail}{(StartLine is null ? "" : FormattableString.Invariant($" ({Path.GetFileName(File)}:{StartLine})"))}";
}

/// <summary>How bad a <see cref="DockerfileViolation"/> is.</summary>
public enum ViolationLevel
{
    /// <summary>A rule is broken; the Dockerfile can be built.</summary>
    Warning,

    /// <summary>The Dockerfile cannot be built.</summary>
    Error,
}
