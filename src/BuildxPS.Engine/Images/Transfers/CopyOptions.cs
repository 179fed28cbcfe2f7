namespace BuildxPS.Engine.Images.Transfers;

/// <summary>What of an image is copied, and how.</summary>
public sealed record CopyOptions
{
    /// <summary>Platforms of an image that has several; none means all.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Whether what was attached to the image goes along: signatures, SBOMs, attestations.</summary>
    public bool WithReferrers { get; init; } = true;

    /// <summary>How many blobs travel at once.</summary>
    public int Parallelism { get; init; } = 4;
}
