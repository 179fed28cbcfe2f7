using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace BuildxPS.Completion;

/// <summary>Completes attestations, and their attributes.</summary>
internal sealed class AttestationCompleter : IArgumentCompleter
{
    private static readonly (string Value, string ToolTip)[] s_values =
    [
        ("type=provenance,mode=min", "Where the image comes from, without build arguments"),
        ("type=provenance,mode=max", "Where the image comes from, with all steps and build arguments"),
        ("type=provenance,disabled=true", "No provenance"),
        ("type=sbom", "What is in the image, found by the engine's own scanner"),
        ("type=sbom,generator=", "What is in the image, found by a scanner's image"),
    ];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => AttributeCompletions.Select(TypedList.Read(wordToComplete, commandAst, parameterName), s_values, AttributesOf));

    private static IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> AttributesOf(string type) => type switch
    {
        "provenance" => [new("mode", ["min", "max"]), new("version", ["v1", "v0.2"]), new("disabled", ["true", "false"]), new("builder-id", []), new("inline-only", ["true", "false"]), new("reproducible", ["true", "false"])],
        "sbom" => [new("generator", []), new("disabled", ["true", "false"])],
        _ => [],
    };
}
