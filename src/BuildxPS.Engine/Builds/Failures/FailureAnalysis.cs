using System.Globalization;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Builds.Results;
using BuildxPS.Engine.Diagnostics.Catalogue;
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
            Steps = [.. seen.Steps.Select(s => s with { Node = context.Plan.Node })],
        };
    }

    private static (BuildxFailure Failure, string Message, string Advice) Explain(
        BuildxException error, BuildStep? step, IReadOnlyList<string> tail, OwnFailures own, BuildObserver seen, FailureContext context)
    {
        var (failure, message, advice) = (error.Failure, error.Message, FailureCatalogue.AdviceFor(error, context.Driver, context.Builder));
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
                return EmulatorFailures.Missing(step, context, message);
            case BuildxFailure.StepFailed or BuildxFailure.EngineError when EmulatorFailures.FindUnusable(step, context, message, tail) is { } unusable:
                return unusable;
            case BuildxFailure.RegistryUnauthorized when context.Logins.Explain(message, context.Driver == "docker" ? null : context.Builder) is { } login:
                return (failure, $"{message.TrimEnd('.')}. {login.Sentence}", login.Advice);
            case BuildxFailure.RegistryLoginExpired when context.Logins.Explain(message) is { } login:
                return (failure, $"{message.TrimEnd('.')}. {login.Sentence}", advice);
            case BuildxFailure.PlatformNotAvailable when context.BaseImage is { } image:
                return (failure, $"{message.TrimEnd('.')}. {image}", advice);
            case BuildxFailure.StepFailed when context.Mounts.Agents.Problem is { } problem:
                return (failure, $"{message.TrimEnd('.')}. {problem}", advice);
            default:
                return (failure, message, advice);
        }
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

    [GeneratedRegex(@"exit code: (\d+)")]
    private static partial Regex ExitCode();
}
