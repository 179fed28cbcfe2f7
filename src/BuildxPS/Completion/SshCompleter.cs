using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes the SSH agents that the Dockerfile mounts.</summary>
internal sealed class SshCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => Completions.Select(
            wordToComplete,
            DockerfileMounts.Find(fakeBoundParameters, "ssh").Select(id => id.Length > 0 ? id : SshSpec.DefaultId).DefaultIfEmpty(SshSpec.DefaultId).Distinct()
                .SelectMany(id => new[] { (id, "Your agent, of SSH_AUTH_SOCK"), ($"{id}=", "Another agent's socket, or private key files") })));
}
