using BuildxPS.Engine.Progress;

namespace BuildxPS.Engine.Reports;

/// <summary>One build of a page: one that did all that was asked, or one that failed.</summary>
public sealed record ReportedBuild
{
    /// <summary>What a person calls it: the image's first name, or what was to be built.</summary>
    public required string Name { get; init; }

    /// <summary>How it ended.</summary>
    public BuildStatus Status { get; init; }

    /// <summary>The build's reference, <c>BUILDER/NODE/REF</c>; null where no engine knew it.</summary>
    public string? BuildRef { get; init; }

    /// <summary>The builder; null where it is not known.</summary>
    public string? Builder { get; init; }

    /// <summary>Which node built which platforms; empty where it is not known.</summary>
    public IReadOnlyList<NodePlan> Nodes { get; init; } = [];

    /// <summary>How long it took; null where that is not known.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The platforms that it was for.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Names that the image got.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>Digest of what was built; null where no image was made.</summary>
    public string? Digest { get; init; }

    /// <summary>The image of each platform.</summary>
    public IReadOnlyList<BuiltImage> PlatformImages { get; init; } = [];

    /// <summary>What was written.</summary>
    public IReadOnlyList<BuildOutput> Outputs { get; init; } = [];

    /// <summary>The steps, each after those whose results it uses.</summary>
    public IReadOnlyList<BuildStep> Steps { get; init; } = [];

    /// <summary>What was warned of.</summary>
    public IReadOnlyList<BuildWarning> Warnings { get; init; } = [];

    /// <summary>Why it failed; null if it did not.</summary>
    public ReportedFailure? Failure { get; init; }

    /// <summary>
    /// How many steps came from the cache, of those that could: the instructions of Dockerfiles, where the steps name such, since
    /// loading a context or exporting an image never does.
    /// </summary>
    internal (int Cached, int All, bool AreInstructions) Cache
    {
        get
        {
            var instructions = Steps.Where(s => StepName.IsInstruction(s.Name)).ToList();
            var counted = instructions.Count > 0 ? instructions : Steps;
            return (counted.Count(s => s.IsCached), counted.Count, instructions.Count > 0);
        }
    }

    /// <summary>Takes a build that did all that was asked.</summary>
    /// <param name="result">What it produced.</param>
    /// <returns>The same, as a page tells it.</returns>
    public static ReportedBuild Of(BuildResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new ReportedBuild
        {
            Name = result.Images is [var first, ..] ? first : result.Outputs.FirstOrDefault(o => o.Path is not null)?.Path ?? result.BuildRef,
            Status = result.Status,
            BuildRef = result.BuildRef,
            Builder = result.Builder,
            Nodes = result.Nodes,
            Duration = result.Duration,
            Platforms = result.Platforms,
            Images = result.Images,
            Digest = result.Digest,
            PlatformImages = result.PlatformImages ?? [],
            Outputs = result.Outputs,
            Steps = result.Steps,
            Warnings = result.Warnings,
        };
    }

    /// <summary>Takes a build that failed.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="name">What was to be built; null where that is not known.</param>
    /// <returns>The same, as a page tells it.</returns>
    public static ReportedBuild Of(BuildxException failure, string? name)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var build = failure as BuildFailedException;
        var steps = build?.Steps ?? [];
        return Of(ReportedFailure.Of(failure), name) with
        {
            Status = failure.Failure == BuildxFailure.BuildCanceled ? BuildStatus.Canceled : BuildStatus.Failed,
            BuildRef = build?.BuildRef,
            Builder = build?.BuildRef?.Split('/') is [var builder, _, _] ? builder : null,
            Duration = steps.Any(s => s.Started is not null) ? steps.Max(s => s.Completed ?? s.Started)!.Value - steps.Min(s => s.Started)!.Value : null,
            Platforms = [.. steps.Select(s => s.Platform).OfType<Platform>().Distinct()],
            Steps = steps,
        };
    }

    /// <summary>Takes a failure of which no more is known than what it says.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="name">What was to be done; null where that is not known.</param>
    /// <returns>The same, as a page tells it.</returns>
    public static ReportedBuild Of(ReportedFailure failure, string? name)
    {
        ArgumentNullException.ThrowIfNull(failure);
        return new ReportedBuild
        {
            Name = string.IsNullOrWhiteSpace(name) ? failure.ErrorId : name,
            Status = BuildStatus.Failed,
            Failure = failure,
        };
    }
}
