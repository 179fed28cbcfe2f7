using System.Globalization;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Builds.Results;
using BuildxPS.Engine.Sessions.Files;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>Adds to an engine's error what this client knows: whose fault it was, and what the failed step did.</summary>
internal static partial class FailureAnalysis
{
    private const string ExecFormat = "exec format error";

    /// <summary>Explains a failed build.</summary>
    /// <param name="error">What the engine answered.</param>
    /// <param name="own">Failures on this side.</param>
    /// <param name="seen">What was seen of the build.</param>
    /// <param name="context">What else is known.</param>
    /// <returns>The failure to report.</returns>
    public static BuildxException Explain(BuildxException error, OwnFailures own, BuildObserver seen, FailureContext context)
    {
        if ((own.First ?? own.FindBlamed(error.Message)) is { } ours)
        {
            return ours;
        }

        var build = error as BuildFailedException;
        var step = seen.FindFailed(build?.VertexDigest);
        var tail = build is { LogTail.Count: > 0 } ? build.LogTail : step is null ? [] : seen.LogTail(step.Digest);
        var (failure, message, advice) = Explain(error, step, tail, own, seen, context);
        message = context.IsOneOfSeveral ? $"On the node '{context.Plan.Node}': {message}" : message;
        return new BuildFailedException(failure, message, advice, error)
        {
            IsTransient = error.IsTransient,
            BuildRef = build?.BuildRef ?? context.BuildRef,
            VertexDigest = build?.VertexDigest ?? step?.Digest,
            StepName = step?.Name ?? build?.StepName,
            ExitCode = build?.ExitCode ?? ExitCodeOf(step?.Error ?? message),
            LogTail = tail,
            Sources = build is { Sources.Count: > 0 } ? build.Sources : FindSource(step, context.Inputs),
            Steps = seen.Steps,
        };
    }

    private static (BuildxFailure Failure, string Message, string Advice) Explain(
        BuildxException error, BuildStep? step, IReadOnlyList<string> tail, OwnFailures own, BuildObserver seen, FailureContext context)
    {
        var (failure, message, advice) = (error.Failure, error.Message, error.Advice);
        if (context.Mounts.Explain(message) is { } missing)
        {
            return (missing.Failure, $"{missing.Sentence}: {message}", missing.Advice);
        }

        if (ContextFailures.Explain(message, step, seen, context.Inputs.Context) is { } lacking)
        {
            return (lacking.Failure, $"{lacking.Sentence}: {BuildAddress.Hide(message)}", lacking.Advice);
        }

        switch (failure)
        {
            case var _ when own.RawName is { } path && message.Contains("invalid UTF-8", StringComparison.Ordinal):
                return (
                    BuildxFailure.BuildContextUnreadable,
                    $"'{TreePath.Show(path)}' in the build context has a name or leads to one that is not UTF-8, which this engine does not take: {message}",
                    "Rename it or exclude it in .dockerignore, or use another engine: BuildKit's own builds take such names.");
            case BuildxFailure.EmulatorMissing:
            case BuildxFailure.StepFailed or BuildxFailure.EngineError when IsExecFormatError(message, tail):
                return (
                    BuildxFailure.EmulatorMissing,
                    $"{NoEmulator(step, context)}: {message}",
                    "Register QEMU's emulators with binfmt_misc on the engine's machine, build for a platform that the engine runs by itself, or run the step in a stage that is FROM --platform=$BUILDPLATFORM.");
            case BuildxFailure.RegistryUnauthorized when context.Logins.Explain(message) is { } login:
                return (failure, $"{message.TrimEnd('.')}. {login.Sentence}", login.Advice);
            case BuildxFailure.PlatformNotAvailable when context.BaseImage is { } image:
                return (failure, $"{message.TrimEnd('.')}. {image}", advice);
            case BuildxFailure.StepFailed when context.Mounts.Agents.Problem is { } problem:
                return (failure, $"{message.TrimEnd('.')}. {problem}", advice);
            default:
                return (failure, message, advice);
        }
    }

    private static string NoEmulator(BuildStep? step, FailureContext context)
    {
        var named = step is not null && PlatformOf().Match(step.Name) is { Success: true } match ? match.Groups[1].Value : null;
        var platform = Platform.TryParse(named, out var parsed, out _) ? parsed : context.Plan.Platforms is [var only] ? only : null;
        return platform is null || !context.Plan.Foreign.Contains(platform)
            ? $"A program of the step '{step?.Name ?? "?"}' is made for another processor than the engine's, and no emulator is registered for it"
            : $"The engine cannot run programs for {platform}: no emulator is registered for them";
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
            && inputs.Dockerfile.TryRead() is { } text
            && DockerfileSearch.Find(inputs.Dockerfile.Name, text, step.Name) is { } source
            ? [source]
            : [];

    [GeneratedRegex(@"^\[([a-z0-9]+/[a-z0-9_./-]+) ")]
    private static partial Regex PlatformOf();

    [GeneratedRegex(@"exit code: (\d+)")]
    private static partial Regex ExitCode();
}
