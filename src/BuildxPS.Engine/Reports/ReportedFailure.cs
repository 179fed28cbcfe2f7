namespace BuildxPS.Engine.Reports;

/// <summary>Why a build failed, as a page tells it.</summary>
public sealed record ReportedFailure
{
    /// <summary>The error's id, for example <c>StepFailed</c>.</summary>
    public required string ErrorId { get; init; }

    /// <summary>What failed, on what, and what the other side answered.</summary>
    public required string Message { get; init; }

    /// <summary>What the user can do about it; empty where nothing is known.</summary>
    public string Advice { get; init; } = "";

    /// <summary>Whether the same build may succeed a moment later.</summary>
    public bool IsTransient { get; init; }

    /// <summary>Name of the step that failed; null where it was none.</summary>
    public string? StepName { get; init; }

    /// <summary>Exit code of the process that failed; null where none did.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The last lines that the step printed, oldest first.</summary>
    public IReadOnlyList<string> LogTail { get; init; } = [];

    /// <summary>Where in which file it lies.</summary>
    public IReadOnlyList<SourceExcerpt> Sources { get; init; } = [];

    /// <summary>Takes what a failure says of itself.</summary>
    /// <param name="failure">The failure.</param>
    /// <returns>The same, as a page tells it.</returns>
    public static ReportedFailure Of(BuildxException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var build = failure as BuildFailedException;
        return new ReportedFailure
        {
            ErrorId = failure.Failure.ToString(),
            Message = failure.Message,
            Advice = failure.Advice,
            IsTransient = failure.IsTransient,
            StepName = build?.StepName,
            ExitCode = build?.ExitCode,
            LogTail = build?.LogTail ?? [],
            Sources = build?.Sources ?? [],
        };
    }
}
