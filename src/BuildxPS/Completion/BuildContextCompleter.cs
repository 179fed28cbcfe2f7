using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace BuildxPS.Completion;

/// <summary>Completes the names that a Dockerfile's stages and copies take images by, each of which a build context can stand in for.</summary>
internal sealed partial class BuildContextCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            Names([.. DockerfileLines.Read(fakeBoundParameters)]).Select(n => (n + "=", $"Used in the place of '{n}': a folder, docker-image://, oci-layout://, or an address"))));

    private static IEnumerable<string> Names(string[] lines)
    {
        var stages = lines.Select(l => TargetCompleter.StageOf(l)).OfType<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        return lines.SelectMany(l => UsePattern().Matches(l)).Select(m => m.Groups["name"].Value)
            .Where(n => !stages.Contains(n) && !n.Contains('$', StringComparison.Ordinal) && !n.All(char.IsAsciiDigit))
            .Distinct(StringComparer.Ordinal);
    }

    [GeneratedRegex(@"(^\s*FROM\s+(--platform=\S+\s+)?|^\s*(COPY|ADD)\s.*?--from=|--mount=\S*?\bfrom=)(?<name>[^\s,]+)", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex UsePattern();
}
