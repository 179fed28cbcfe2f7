using System.Globalization;
using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Builds;

/// <summary>Adds to an engine's error what this client knows: whose fault it was, and what the failed step did.</summary>
internal static partial class FailureAnalysis
{
    private const string ExecFormat = "exec format error";

    /// <summary>Explains a failed build.</summary>
    /// <param name="error">What the engine answered.</param>
    /// <param name="own">Failures on this side.</param>
    /// <param name="seen">What was seen of the build.</param>
    /// <param name="buildRef">The build's reference.</param>
    /// <param name="inputs">The local inputs.</param>
    /// <returns>The failure to report.</returns>
    public static BuildxException Explain(BuildxException error, OwnFailures own, BuildObserver seen, string buildRef, BuildInputs inputs)
    {
        if (own.First is { } ours)
        {
            return ours;
        }

        var build = error as BuildFailedException;
        var step = seen.FindFailed(build?.VertexDigest);
        var tail = build is { LogTail.Count: > 0 } ? build.LogTail : step is null ? [] : seen.LogTail(step.Digest);
        var failure = error.Failure;
        var (message, advice) = (error.Message, error.Advice);
        if (failure is BuildxFailure.StepFailed or BuildxFailure.EngineError && IsExecFormatError(message, tail))
        {
            failure = BuildxFailure.EmulatorMissing;
            message = $"A program of the step '{step?.Name ?? "?"}' is made for another processor than the engine's, and no emulator is registered for it: {message}";
            advice = "Register QEMU's emulators with binfmt_misc on the engine's machine, or build for a platform that the engine runs by itself.";
        }

        return new BuildFailedException(failure, message, advice, error)
        {
            IsTransient = error.IsTransient,
            BuildRef = build?.BuildRef ?? buildRef,
            VertexDigest = build?.VertexDigest ?? step?.Digest,
            StepName = step?.Name ?? build?.StepName,
            ExitCode = build?.ExitCode ?? ExitCodeOf(step?.Error ?? message),
            LogTail = tail,
            Sources = build is { Sources.Count: > 0 } ? build.Sources : FindSource(step, inputs),
            Steps = seen.Steps,
        };
    }

    private static bool IsExecFormatError(string message, IReadOnlyList<string> tail)
        => message.Contains(ExecFormat, StringComparison.OrdinalIgnoreCase)
        || tail.Any(l => l.Contains(ExecFormat, StringComparison.OrdinalIgnoreCase));

    private static int? ExitCodeOf(string error)
        => ExitCode().Match(error) is { Success: true } match
            && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? code
            : null;

    private static IReadOnlyList<SourceExcerpt> FindSource(BuildStep? step, BuildInputs inputs)
        => step is not null
            && DockerfileSearch.TryRead(inputs.DockerfilePath) is { } text
            && DockerfileSearch.Find(inputs.DockerfileName, text, step.Name) is { } source
            ? [source]
            : [];

    [GeneratedRegex(@"exit code: (\d+)")]
    private static partial Regex ExitCode();
}
