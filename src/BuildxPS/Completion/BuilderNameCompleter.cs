using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes names of builders from what this machine knows; no engine is asked.</summary>
internal sealed class BuilderNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            LocalBuilders.List().Select(b => (b.Name, DisplayText.Line(b.Error ?? $"{b.Driver} driver, {EndpointsOf(b)}")))));

    private static string EndpointsOf(Builder builder)
        => builder.IsContext ? "of the docker context" : "on " + string.Join(", ", builder.Nodes.Select(n => n.Endpoint));
}
