using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace BuildxPS.Completion;

/// <summary>Completes the names of the stages in the Dockerfile that would be built.</summary>
internal sealed partial class TargetCompleter : IArgumentCompleter
{
    private const int MaxLines = 20_000;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(wordToComplete, Stages(Dockerfile(fakeBoundParameters))));

    private static string Dockerfile(IDictionary parameters)
    {
        var file = (parameters["File"] ?? parameters["f"] ?? parameters["Dockerfile"])?.ToString();
        return Resolve(file ?? Path.Combine(parameters["Path"]?.ToString() ?? ".", "Dockerfile"));
    }

    // The session's own state is closed to a completer while it runs; a nested command is not.
    private static string Resolve(string path)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        return shell.AddCommand("Convert-Path").AddParameter("LiteralPath", path).Invoke<string>().FirstOrDefault() ?? path;
    }

    private static IEnumerable<(string Value, string ToolTip)> Stages(string dockerfile)
        => File.ReadLines(dockerfile).Take(MaxLines)
            .Select(line => StagePattern().Match(line))
            .Where(match => match.Success)
            .Select(match => (match.Groups["name"].Value, match.Value.Trim()));

    [GeneratedRegex(@"^\s*FROM\s+(--platform=\S+\s+)?\S+\s+AS\s+(?<name>[A-Za-z][A-Za-z0-9_.-]*)\s*$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex StagePattern();
}
