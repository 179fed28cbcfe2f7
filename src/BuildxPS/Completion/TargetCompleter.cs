using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace BuildxPS.Completion;

/// <summary>Completes the names of the stages in the Dockerfile that would be built.</summary>
internal sealed partial class TargetCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(wordToComplete, Stages(DockerfileLines.Read(fakeBoundParameters))));

    /// <summary>The stage that a line begins.</summary>
    /// <param name="line">A line of a Dockerfile.</param>
    /// <returns>Its name; null where it begins none with a name.</returns>
    public static string? StageOf(string line) => StagePattern().Match(line) is { Success: true } match ? match.Groups["name"].Value : null;

    private static IEnumerable<(string Value, string ToolTip)> Stages(IEnumerable<string> lines)
        => lines
            .Select(line => StagePattern().Match(line))
            .Where(match => match.Success)
            .Select(match => (match.Groups["name"].Value, match.Value.Trim()));

    [GeneratedRegex(@"^\s*FROM\s+(--platform=\S+\s+)?\S+\s+AS\s+(?<name>[A-Za-z][A-Za-z0-9_.-]*)\s*$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex StagePattern();
}
