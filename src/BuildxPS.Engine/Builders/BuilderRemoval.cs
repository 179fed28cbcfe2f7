namespace BuildxPS.Engine.Builders;

/// <summary>Which builder is removed, and what of it stays: <c>docker buildx rm</c>.</summary>
public sealed record BuilderRemoval
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the build cache stays, for a later builder of the same name.</summary>
    public bool KeepState { get; init; }

    /// <summary>Whether what runs is left alone, and only the entry in the list goes.</summary>
    public bool KeepDaemon { get; init; }
}

/// <summary>Which builder becomes the current one: <c>docker buildx use</c>.</summary>
public sealed record BuilderChoice
{
    /// <summary>Its name; the current docker context's name for the context's own.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is the context's default from now on.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Whether it is current under every context.</summary>
    public bool IsGlobal { get; init; }
}
