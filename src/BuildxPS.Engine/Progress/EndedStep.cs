namespace BuildxPS.Engine.Progress;

/// <summary>What stays of a step on a terminal when its bar has gone.</summary>
public sealed record EndedStep
{
    /// <summary>The step's name, harmless to show.</summary>
    public required string Name { get; init; }

    /// <summary>How it ended.</summary>
    public required BuildStepStatus Status { get; init; }

    /// <summary>How it ended, in a word: how long it ran, or <c>cached</c>, <c>failed</c>, <c>canceled</c>.</summary>
    public required string Outcome { get; init; }

    internal static EndedStep Of(TimelineStep step) => new()
    {
        Name = step.Name,
        Status = step.Status,
        Outcome = step.Status == BuildStepStatus.Completed ? ElapsedTime.Format(step.Runs.Duration()) : step.Status.ToString().ToLowerInvariant(),
    };
}
