using System.Globalization;

namespace BuildxPS.Engine.Progress;

/// <summary>A build in one line, for its end.</summary>
public sealed record BuildSummary
{
    /// <summary>How it ended: <c>Built</c> or <c>Failed</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary>What is to be said of it: digest, duration, steps, and how many were cached.</summary>
    public required string Facts { get; init; }

    /// <summary>Sums up a build that succeeded.</summary>
    /// <param name="result">What it produced.</param>
    /// <param name="isDigestShort">Whether twelve digits of the digest are enough, as where the result is at hand.</param>
    /// <returns>For example <c>Built sha256:0123456789ab in 12.3s: 14 steps, 4 cached</c>.</returns>
    public static BuildSummary Of(BuildResult result, bool isDigestShort = false)
    {
        ArgumentNullException.ThrowIfNull(result);
        var digest = result.Digest is { } whole ? DisplayText.Line(isDigestShort ? Short(whole) : whole) + " " : "";
        return new() { Outcome = "Built", Facts = $"{digest}in {ElapsedTime.Format(result.Duration)}: {Count(result.Steps.Count)}, {Cached(result.Steps)}" };
    }

    /// <summary>Sums up a build that failed.</summary>
    /// <param name="failure">The failure.</param>
    /// <returns>For example <c>Failed after 3.1s: 6 of 14 steps done, 2 cached</c>; null where no step had begun.</returns>
    public static BuildSummary? Of(BuildFailedException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var begun = failure.Steps.Where(s => s.Started is not null).ToList();
        if (begun.Count == 0)
        {
            return null;
        }

        var done = failure.Steps.Count(s => s.Status is BuildStepStatus.Completed or BuildStepStatus.Cached);
        var duration = begun.Max(s => s.Completed ?? s.Started) - begun.Min(s => s.Started);
        return new() { Outcome = "Failed", Facts = string.Create(CultureInfo.InvariantCulture, $"after {ElapsedTime.Format(duration)}: {done} of {Count(failure.Steps.Count)} done, {Cached(failure.Steps)}") };
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Outcome} {Facts}";

    private static string Short(string digest)
        => digest.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && digest.Length > colon + 13 ? digest[..(colon + 13)] : digest;

    private static string Count(int steps) => steps == 1 ? "1 step" : string.Create(CultureInfo.InvariantCulture, $"{steps} steps");

    private static string Cached(IReadOnlyList<BuildStep> steps) => string.Create(CultureInfo.InvariantCulture, $"{steps.Count(s => s.IsCached)} cached");
}
