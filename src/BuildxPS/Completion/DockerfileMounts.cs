using System.Collections;
using System.Text.RegularExpressions;

namespace BuildxPS.Completion;

/// <summary>Ids of what the steps of a Dockerfile mount, for completers.</summary>
internal static partial class DockerfileMounts
{
    /// <summary>Finds ids.</summary>
    /// <param name="parameters">What was typed of the command so far.</param>
    /// <param name="type">The mounts' type: <c>secret</c> or <c>ssh</c>.</param>
    /// <returns>Each id once, in the Dockerfile's order; empty for a mount that names none.</returns>
    public static IEnumerable<string> Find(IDictionary parameters, string type)
        => DockerfileLines.Read(parameters)
            .SelectMany(line => MountPattern().Matches(line))
            .Select(mount => mount.Groups["options"].Value.Split(','))
            .Where(options => options.Contains("type=" + type, StringComparer.OrdinalIgnoreCase))
            .Select(options => options.FirstOrDefault(o => o.StartsWith("id=", StringComparison.OrdinalIgnoreCase))?[3..] ?? "")
            .Distinct();

    [GeneratedRegex(@"--mount=(?<options>\S+)", RegexOptions.ExplicitCapture)]
    private static partial Regex MountPattern();
}
