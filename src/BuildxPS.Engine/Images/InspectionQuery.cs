namespace BuildxPS.Engine.Images;

/// <summary>What of an image is wanted.</summary>
public sealed record InspectionQuery
{
    /// <summary>Which of its parts.</summary>
    public InspectedPart Part { get; init; }

    /// <summary>Platforms of an image that has several; none means the index itself, or all of them.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Types of what is attached to it; none means all.</summary>
    public IReadOnlyList<string> ArtifactTypes { get; init; } = [];
}

/// <summary>A part of an image.</summary>
public enum InspectedPart
{
    /// <summary>Its index or manifest.</summary>
    Document,

    /// <summary>The configs of its platforms.</summary>
    Config,

    /// <summary>The attestations in its index.</summary>
    Attestation,

    /// <summary>What was attached to it.</summary>
    Referrer,
}

/// <summary>What was found.</summary>
/// <param name="Found">The parts, in order.</param>
/// <param name="Problem">Why there are none; null where that is no news.</param>
public sealed record Inspection(IReadOnlyList<object> Found, string? Problem);
