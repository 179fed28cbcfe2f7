namespace BuildxPS;

/// <summary>A build that the engine started and that failed, with what is needed to understand why.</summary>
public sealed class BuildFailedException : BuildxException
{
    /// <summary>Creates a build failure.</summary>
    /// <inheritdoc cref="BuildxException(BuildxFailure, string, string, Exception?)"/>
    public BuildFailedException(BuildxFailure failure, string message, string advice, Exception? innerException = null)
        : base(failure, message, advice, innerException)
    {
    }

    /// <summary>The build's reference on the engine; null when the engine never knew it.</summary>
    public string? BuildRef { get; init; }

    /// <summary>Digest of the vertex that failed, when the engine said which one.</summary>
    public string? VertexDigest { get; init; }

    /// <summary>Name of the step that failed, for example <c>[build 2/3] RUN make</c>.</summary>
    public string? StepName { get; init; }

    /// <summary>Exit code of the process that failed, when a process did.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The last lines that the failed step printed, oldest first, without terminal escape codes.</summary>
    public IReadOnlyList<string> LogTail { get; init => field = Indexable.From([.. value.Select(l => DisplayText.CleanWhole(l ?? ""))]); } = ShownList<string>.Empty;

    /// <summary>Where in which file the failure lies; empty when the engine did not say.</summary>
    public IReadOnlyList<SourceExcerpt> Sources { get; init => field = Indexable.From(value); } = ShownList<SourceExcerpt>.Empty;

    /// <summary>All steps as they stood when the build failed.</summary>
    public IReadOnlyList<BuildStep> Steps { get; init => field = Indexable.From(value); } = ShownList<BuildStep>.Empty;
}
