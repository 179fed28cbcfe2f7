using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Completion;

/// <summary>Completes names of builders from what this machine knows; no engine is asked.</summary>
internal sealed class BuilderNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            // Each context is a builder of the docker driver.
            new ContextCatalog(ClientEnvironment.Read()).List().Select(c => (c.Name, $"docker driver, {c.Error ?? c.Endpoint}"))));
}
