using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes the drivers that builders can be made with.</summary>
internal sealed class DriverCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Select(wordToComplete, [("docker-container", "BuildKit in a container of a docker engine"), ("kubernetes", "BuildKit in pods of a cluster"), ("remote", "A BuildKit that runs already")]);
}
