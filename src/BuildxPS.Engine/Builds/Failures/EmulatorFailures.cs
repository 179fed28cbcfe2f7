using System.Text.RegularExpressions;
using BuildxPS.Engine.Diagnostics.Catalogue;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>Explains steps whose program is for another processor than the engine's.</summary>
internal static partial class EmulatorFailures
{
    /// <summary>No emulator is registered.</summary>
    /// <param name="step">The step that failed.</param>
    /// <param name="context">What else is known.</param>
    /// <param name="message">What the engine said.</param>
    /// <returns>The failure's parts.</returns>
    public static (BuildxFailure Failure, string Message, string Advice) Missing(BuildStep? step, FailureContext context, string message)
    {
        var known = FailureCatalogue.EmulatorMissing;
        var platform = PlatformOf(step, context);
        var summary = platform is null || !context.Plan.Foreign.Contains(platform)
            ? $"A program of the step '{step?.Name ?? "?"}' is made for another processor than the engine's, and no emulator is registered for it"
            : known.Summary.Replace("PLATFORM", platform.ToString(), StringComparison.Ordinal);
        return (BuildxFailure.EmulatorMissing, $"{summary}: {message}", platform is null ? known.Advice : AdviceOf(known, platform));
    }

    /// <summary>
    /// An emulator is registered without the flag F. The kernel then misses the emulator in the container, and the step's runtime says the
    /// same as of a program that is not there; so it takes an entry without the flag, on this machine, to tell.
    /// </summary>
    /// <param name="step">The step that failed.</param>
    /// <param name="context">What else is known.</param>
    /// <param name="message">What the engine said.</param>
    /// <param name="tail">What the step printed last.</param>
    /// <returns>The failure's parts; null if it is not that.</returns>
    public static (BuildxFailure Failure, string Message, string Advice)? FindUnusable(BuildStep? step, FailureContext context, string message, IReadOnlyList<string> tail)
    {
        if (PlatformOf(step, context) is not { } platform
            || !context.Plan.Foreign.Contains(platform)
            || !(NotThere().IsMatch(message) || tail.Any(l => NotThere().IsMatch(l)))
            || EmulatorRegistration.FindUnusable(platform) is not { } entry)
        {
            return null;
        }

        var known = FailureCatalogue.EmulatorUnusable;
        return (
            BuildxFailure.EmulatorUnusable,
            $"{known.Summary.Replace("PLATFORM", platform.ToString(), StringComparison.Ordinal)} ({entry.Name}: {entry.Interpreter}, flags {entry.Flags}): {message}",
            AdviceOf(known, platform).Replace("ENTRY", entry.Name, StringComparison.Ordinal));
    }

    private static string AdviceOf(FailureCase known, Platform platform) => known.Advice.Replace("ARCH", platform.Architecture, StringComparison.Ordinal);

    private static Platform? PlatformOf(BuildStep? step, FailureContext context)
    {
        var named = step is not null && StepPlatform().Match(step.Name) is { Success: true } match ? match.Groups[1].Value : null;
        return Platform.TryParse(named, out var parsed, out _) ? parsed : context.Plan.Platforms is [var only] ? only : null;
    }

    [GeneratedRegex(@"^\[([a-z0-9]+/[a-z0-9_./-]+) ")]
    private static partial Regex StepPlatform();

    // As runc writes it, and as older ones do.
    [GeneratedRegex(@"^exec [^\n]+: no such file or directory\s*$|exec user process caused:? ""?no such file or directory", RegexOptions.Multiline)]
    private static partial Regex NotThere();
}
