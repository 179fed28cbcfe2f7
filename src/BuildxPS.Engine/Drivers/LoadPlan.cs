namespace BuildxPS.Engine.Drivers;

/// <summary>What is loaded into a docker daemon, and how it takes it.</summary>
internal sealed record LoadPlan
{
    /// <summary>The daemon's image store.</summary>
    public required DockerImageStore Store { get; init; }

    /// <summary>The image's names.</summary>
    public IReadOnlyList<ImageReference> Names { get; init; } = [];

    /// <summary>Whether <see cref="Names"/> is all of them, and none is left for the frontend to choose.</summary>
    public bool KnowsNames { get; init; } = true;

    /// <summary>
    /// The names of a platform's image, of all the platforms there are, where the archive is to be taken apart for a store that
    /// does not take indexes; null where it goes on as it is.
    /// </summary>
    public Func<Platform, IReadOnlyList<Platform>, IReadOnlyList<ImageReference>>? Split { get; init; }
}
