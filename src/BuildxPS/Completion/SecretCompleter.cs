using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes the secrets that the Dockerfile mounts, with where they could come from.</summary>
internal sealed class SecretCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            DockerfileMounts.Find(fakeBoundParameters, "secret").Where(id => id.Length > 0)
                .SelectMany(id => new[] { ($"id={id},src=", "From a file"), ($"id={id},env=", "From an environment variable") })));
}
