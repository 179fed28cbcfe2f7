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
        var platform = PlatformOf(step, context);
        var isForeign = platform is not null && context.Plan.Foreign.Contains(platform);
        var summary = isForeign
            ? FailureCatalogue.EmulatorMissing.Summary.Replace("PLATFORM", platform!.ToString(), StringComparison.Ordinal)
            : $"A program of the step '{step?.Name ?? "?"}' is made for another processor than the engine's, and no emulator is registered for it";

        // A stage may run on the engine's own platform and hold a program for another one, which nothing tells.
        return (BuildxFailure.EmulatorMissing, $"{summary}: {message}", context.Site.Advise(isForeign ? platform : null));
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
            || !(IsNotThere(message) || tail.Any(IsNotThere))
            || context.Site.FindUnusable(platform) is not { } entry)
        {
            return null;
        }

        var summary = FailureCatalogue.EmulatorUnusable.Summary.Replace("PLATFORM", platform.ToString(), StringComparison.Ordinal);
        return (
            BuildxFailure.EmulatorUnusable,
            $"{summary} ({DisplayText.Line(entry.Name, 100)}: {DisplayText.Line(entry.Interpreter, 256)}, flags {DisplayText.Line(entry.Flags, 20)}): {message}",
            context.Site.Advise(platform, replaces: true));
    }

    /// <summary>Whether a text says that a program does not exist, which also the kernel's missing interpreter looks like.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Whether it does.</returns>
    public static bool IsNotThere(string text) => NotThere().IsMatch(text);

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
