using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Completion;

/// <summary>Completes names of docker contexts from docker's own folder.</summary>
internal sealed class ContextNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            new ContextCatalog(ClientEnvironment.Read()).List().Select(c => (c.Name, c.Error ?? (c.Endpoint.Length > 0 ? c.Endpoint : c.Name)))));
}
