using System.Globalization;
using System.Text.RegularExpressions;
using BuildxPS.Engine.Diagnostics.Catalogue;
using Grpc.Core;

namespace BuildxPS.Engine.Diagnostics;

/// <summary>Where an error happened: what its explanation can name and look up.</summary>
internal sealed record EngineErrorContext
{
    /// <summary>The engine's address, as the user knows it.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The build; null for calls outside of one.</summary>
    public string? BuildRef { get; init; }

    /// <summary>What the build's events told.</summary>
    public BuildJournal? Journal { get; init; }

    /// <summary>How the build's session came to its end before the build did; null if it did not, or not that this side knew.</summary>
    public Exception? SessionEnd { get; init; }
}

/// <summary>
/// Turns what a call of an engine threw into a failure that explains itself: by the kind of exception first, then by
/// the details that the engine attached, and by its text last.
/// </summary>
internal static partial class EngineErrors
{
    private const int MaxMessage = 16 * 1024;

    /// <summary>Explains an error.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="context">Where.</param>
    /// <returns>The failure; <paramref name="error"/> itself, or what lies in it, if that explains itself already.</returns>
    public static BuildxException Explain(Exception error, EngineErrorContext context)
    {
        for (var cause = error; cause is not null; cause = Inner(cause))
        {
            if (cause is BuildxException known)
            {
                return known;
            }
        }

        return error is RpcException rpc
            ? TransportErrors.Explain(rpc, context) ?? Explain(rpc, context)
            : TransportErrors.Explain(error, context);
    }

    /// <summary>The status that ends a build on the engine with this error, as it came if it came from there.</summary>
    /// <param name="error">The error.</param>
    /// <returns>The status.</returns>
    public static Protocol.Rpc.Status ToStatus(BuildxException error)
    {
        if (error.InnerException is RpcException { StatusCode: not StatusCode.OK } rpc)
        {
            return ErrorDetails.Read(rpc).Status is { Code: not 0 } status
                ? status
                : new Protocol.Rpc.Status { Code = (int)rpc.StatusCode, Message = rpc.Status.Detail };
        }

        return new Protocol.Rpc.Status { Code = (int)StatusCode.Unknown, Message = error.Message };
    }

    /// <summary>The cause of an exception; for a failed call that is what its channel met.</summary>
    internal static Exception? Inner(Exception error)
        => error.InnerException ?? (error as RpcException)?.Status.DebugException;

    private static BuildFailedException Explain(RpcException error, EngineErrorContext context)
    {
        var details = ErrorDetails.Read(error);
        var raw = error.Status.Detail.Length > 4 * MaxMessage ? error.Status.Detail[..(4 * MaxMessage)] : error.Status.Detail;
        var text = DisplayText.Lines(StripPrefixes(raw), MaxMessage);
        var vertex = details.VertexDigest ?? context.Journal?.FindFailed(raw);
        var step = vertex is null ? null : context.Journal?.Name(vertex);
        var log = vertex is null ? [] : context.Journal?.LogTail(vertex) ?? [];
        var exitCode = details.ExitCode ?? ReadExitCode(raw);
        var (failure, message, advice) = exitCode is null && SessionErrors.IsMeant(error.StatusCode, text, context)
            ? SessionErrors.Describe(text, step, context)
            : Classify(error.StatusCode, text, step, log, exitCode, details, context.Endpoint);
        return new BuildFailedException(failure, DisplayText.Lines(message, MaxMessage), advice, error)
        {
            BuildRef = context.BuildRef,
            VertexDigest = vertex,
            StepName = step,
            ExitCode = exitCode,
            LogTail = log,
            Sources = details.Sources,
            IsTransient = failure is BuildxFailure.EngineLost or BuildxFailure.NameNotResolved or BuildxFailure.TimedOut or BuildxFailure.RegistryLoginExpired || PassingFailure.IsOfPush(text),
        };
    }

    private static (BuildxFailure Failure, string Message, string Advice) Classify(
        StatusCode code, string text, string? step, IReadOnlyList<string> log, int? exitCode, ErrorDetails details, string endpoint)
    {
        var where = step is null ? "" : $" in step '{step}'";
        if (code == StatusCode.Cancelled || text.EndsWith("context canceled", StringComparison.Ordinal))
        {
            return (BuildxFailure.BuildCanceled, $"The engine at {endpoint} reports that the build was cancelled: {text}", AdviceOf(BuildxFailure.BuildCanceled));
        }

        if (details.MissingFeature is { } feature)
        {
            return (BuildxFailure.EngineUnsupported, $"The engine or its frontend lacks {feature}: {text}",
                "Build with a newer engine, or name a newer frontend in the Dockerfile's first line (# syntax=docker/dockerfile:1).");
        }

        if (text.Contains("exec format error", StringComparison.Ordinal)
            || (exitCode is not null && log.Any(l => l.Contains("exec format error", StringComparison.Ordinal))))
        {
            return (BuildxFailure.EmulatorMissing, $"A program for another processor could not be run{where}: {text}", FailureCatalogue.EmulatorMissing.Advice);
        }

        if (exitCode is { } number)
        {
            var name = step is null ? "A step" : $"Step '{step}'";
            if (log.Any(l => l.Contains("no space left on device", StringComparison.OrdinalIgnoreCase)))
            {
                return (BuildxFailure.DiskFull, $"{FailureCatalogue.DiskFullInStep.Summary} ({endpoint}): {name} failed with exit code {number}: {text}", FailureCatalogue.DiskFullInStep.Advice);
            }

            var hint = number == 137 ? " Exit code 137 often means that memory ran out."
                : log.Any(NameNotFound().IsMatch) ? $" {FailureCatalogue.HostNotFoundInStep.Advice}"
                : "";
            return (BuildxFailure.StepFailed, $"{name} failed with exit code {number}: {text}",
                AdviceOf(BuildxFailure.StepFailed) + hint);
        }

        if (FailureCatalogue.Find(text) is var (failure, known))
        {
            var engine = failure is BuildxFailure.EngineLost or BuildxFailure.DiskFull or BuildxFailure.NameNotResolved ? $" ({endpoint})" : "";
            return (failure, $"{known.Describe(text)}{engine}{where}: {text}", known.Advice);
        }

        return ClassifyByCode(code, text, step, details, endpoint);
    }

    private static (BuildxFailure Failure, string Message, string Advice) ClassifyByCode(
        StatusCode code, string text, string? step, ErrorDetails details, string endpoint) => code switch
        {
            StatusCode.ResourceExhausted when IsTooLarge(text, "Sending message exceeds", "received message larger than max") => (
                BuildxFailure.ArgumentInvalid,
                $"The build's arguments, labels and other settings are together too large for one message to the engine: {text}",
                "Bring large values into the build as files of the build context."),
            StatusCode.ResourceExhausted when IsTooLarge(text, "Received message exceeds", "trying to send message larger than max") => (
                BuildxFailure.EngineError, $"The engine's answer is too large for one message: {text}",
                "Split the build into smaller ones."),
            StatusCode.ResourceExhausted => (BuildxFailure.DiskFull, $"The engine has run out of something it needs: {text}",
                "Check disk space (Get-BuildxDiskUsage, Clear-BuildxCache), memory and limits where the engine runs, and build again."),
            StatusCode.Unimplemented => (BuildxFailure.EngineUnsupported, $"The engine does not know a call that the build needs: {text}",
                "Build with a newer engine."),
            StatusCode.Unavailable => (BuildxFailure.EngineLost, $"The engine at {endpoint} went away while it was working: {text}",
                "See whether it was stopped or restarted, read its log, and build again."),
            StatusCode.DeadlineExceeded => (BuildxFailure.TimedOut, $"The engine at {endpoint} waited too long for something{(step is null ? "" : $" in step '{step}'")}: {text}",
                "Build again; if it stays so, see the engine's log and its network."),
            _ when step is not null => (BuildxFailure.StepFailed, $"Step '{step}' failed: {text}",
                "Read the engine's words in the message and the step's line in the Dockerfile."),
            _ when details.Sources.Count > 0 => (BuildxFailure.DockerfileInvalid, $"The Dockerfile is not valid: {text}", AdviceOf(BuildxFailure.DockerfileInvalid)),
            _ => (BuildxFailure.EngineError, text.Length == 0 ? $"The engine at {endpoint} reported {code} without saying why" : $"The engine reports: {text}",
                AdviceOf(BuildxFailure.EngineError)),
        };

    private static string AdviceOf(BuildxFailure failure) => FailureCatalogue.Of(failure).Advice;

    private static bool IsTooLarge(string text, string atThisClient, string atTheEngine)
        => text.Contains(atThisClient, StringComparison.Ordinal) || text.Contains(atTheEngine, StringComparison.Ordinal);

    /// <summary>Takes off what engines put before the text that matters; 20.10 puts several of them.</summary>
    internal static string StripPrefixes(string text)
    {
        for (var match = Prefix().Match(text); match.Success; match = Prefix().Match(text))
        {
            text = text[match.Length..];
        }

        return text.Trim();
    }

    private static int? ReadExitCode(string text)
        => ExitCodeText().Match(text) is { Success: true } match
            && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? code
            : null;

    [GeneratedRegex(@"^\s*(?:rpc error: code = \w{1,40} desc = |failed to solve with frontend [\w./:-]{1,200}: |failed to solve: |failed to build LLB: )")]
    private static partial Regex Prefix();

    // The words of busybox, curl, the C library, apt and Go.
    [GeneratedRegex(@"bad address '|Could not resolve host|Temporary failure (?:in name resolution|resolving)|Name or service not known|no such host")]
    private static partial Regex NameNotFound();

    [GeneratedRegex(@"(?:did not complete successfully|executor failed running \[.*\]|runc run failed): exit code: (\d{1,9})", RegexOptions.Singleline)]
    private static partial Regex ExitCodeText();
}
