using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Progress;

/// <summary>What the Dockerfile frontend writes before the instruction in a step's name: <c>[linux/arm64 build 2/3] RUN make</c>.</summary>
internal static partial class StepName
{
    /// <summary>The stage in a step's name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>Null where it names none.</returns>
    public static string? StageOf(string name) => Prefix().Match(name) is { Success: true } match && match.Groups["stage"] is { Success: true, Value: var stage } ? stage : null;

    /// <summary>The platform in a step's name; of a cross-compiling stage that which it runs on.</summary>
    /// <param name="name">The name.</param>
    /// <returns>Null where it names none.</returns>
    public static Platform? PlatformOf(string name)
        => Prefix().Match(name) is { Success: true } match && Platform.TryParse(match.Groups["platform"].Value, out var platform, out _) ? platform : null;

    /// <summary>Whether a step is an instruction of a Dockerfile, whose result a cache may have.</summary>
    /// <param name="name">The step's name.</param>
    /// <returns>False for what a frontend and an engine do of themselves.</returns>
    public static bool IsInstruction(string name) => Prefix().IsMatch(name);

    [GeneratedRegex(@"^\[(?:(?<platform>[a-z0-9]+/[A-Za-z0-9_./-]+?)(?:->\S+)? )?(?:(?<stage>[^\s\]/]+) )? *\d+/\d+\] ")]
    private static partial Regex Prefix();
}
