using BuildxPS.Engine.Builds.Outputs;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>Whether, and when, a push that failed is tried again. What was built is in the engine's cache by then and is not built again.</summary>
internal sealed record PushRetry
{
    /// <summary>Engines try a request again for some seconds themselves, before they give up.</summary>
    private static readonly TimeSpan[] s_delays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(10)];

    /// <summary>How long to wait before each further attempt.</summary>
    public IReadOnlyList<TimeSpan> Delays { get; init; } = s_delays;

    /// <summary>Decides about a failure.</summary>
    /// <param name="error">The failure.</param>
    /// <param name="attempt">Which attempt failed, from 1.</param>
    /// <param name="build">The part that failed.</param>
    /// <returns>How long to wait; null to give up.</returns>
    public TimeSpan? After(BuildxException error, int attempt, NodeBuild build)
        => error is { IsTransient: true, Failure: BuildxFailure.RegistryError or BuildxFailure.RegistryUnreachable }
            && attempt <= Delays.Count
            && build.Exporters.Any(e => e.Output.Pushes)
            // What was sent here once is not taken a second time.
            && build.Services.Outputs.All(o => o is null)
            && !build.Exporters.Any(e => e.Output.Client == ClientOutput.Layout)
            // And what was read from a stream cannot be read again.
            && !build.IsFromStream
                ? Delays[attempt - 1]
                : null;

    /// <summary>What the user is told.</summary>
    /// <param name="error">The failure.</param>
    /// <param name="attempt">Which attempt failed, from 1.</param>
    /// <returns>A warning.</returns>
    public BuildWarning Describe(BuildxException error, int attempt) => new()
    {
        Message = FormattableString.Invariant(
            $"The push failed for a reason that may pass, and is tried again in {Delays[attempt - 1].TotalSeconds:0} s (attempt {attempt + 1} of {Delays.Count + 1}): {DisplayText.Line(error.Message, 1024)}"),
    };
}
