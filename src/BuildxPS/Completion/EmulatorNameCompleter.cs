using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Emulation;

namespace BuildxPS.Completion;

/// <summary>Completes names of the emulators that this machine's kernel has.</summary>
internal sealed class EmulatorNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            new LocalEmulators(ClientEnvironment.Read()).Read().Emulators.Select(e => (e.Name, $"{e.Platform?.ToString() ?? "another processor"}: {e.Interpreter} ({e.Flags})"))));
}
