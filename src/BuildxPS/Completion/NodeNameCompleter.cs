using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes names of a builder's nodes: of the builder that was named, else of the current one.</summary>
internal sealed class NodeNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            Builders(fakeBoundParameters["Builder"] ?? fakeBoundParameters["Name"]).SelectMany(b => b.Nodes)
                .Select(n => (n.Name, DisplayText.Line(n.Endpoint.Length > 0 ? n.Endpoint : n.Name)))));

    private static IEnumerable<Builder> Builders(object? given)
        => (given is null ? new string?[] { null } : LanguagePrimitives.ConvertTo<string[]>(given)).Select(LocalBuilders.Find).OfType<Builder>();
}
