using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes filters for records of a build cache.</summary>
internal sealed class CacheFilterCompleter : IArgumentCompleter
{
    private static readonly (string Value, string ToolTip)[] s_filters =
    [
        ("type=regular", "What steps left"),
        ("type=exec.cachemount", "Cache mounts of steps"),
        ("type=source.local", "Copies of local folders"),
        ("type=source.git.checkout", "Checked out repositories"),
        ("type=frontend", "Frontend images"),
        ("type=internal", "The engine's own records"),
        ("id=", "Records with this in their id"),
        ("description~=", "Records whose description fits a regular expression"),
        ("shared", "Records whose data an image has, too"),
        ("private", "Records whose data nothing else has"),
        ("mutable", "Records that can still change"),
        ("immutable", "Records that cannot change any more"),
        ("inuse", "Records that something uses"),
        ("until=24h", "Records that were not used for that time"),
    ];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Select(wordToComplete, s_filters);
}
