using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Images.Credentials;

namespace BuildxPS.Completion;

/// <summary>Completes the registries that docker's configuration knows a login for.</summary>
internal sealed class RegistryCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            new RegistryLogins(ClientEnvironment.Read()).ListHosts().Select(h => (h, "Docker's configuration has a login for it"))));
}
