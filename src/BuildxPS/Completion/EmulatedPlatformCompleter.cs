using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Emulation;

namespace BuildxPS.Completion;

/// <summary>Completes the processors that emulators can be registered for, with the interpreter that this machine has for each.</summary>
internal sealed class EmulatedPlatformCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(wordToComplete, EmulatedPlatforms.Describe(new LocalEmulators(ClientEnvironment.Read()))));
}
