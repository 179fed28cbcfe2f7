using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Completion;

/// <summary>Completes the types of outputs, and their attributes.</summary>
internal sealed class OutputCompleter : IArgumentCompleter
{
    private static readonly (string Value, string ToolTip)[] s_outputs =
    [
        ("type=local,dest=", "Files of the result, into a folder"),
        ("type=tar,dest=", "Files of the result, as one tar file"),
        ("type=tar,dest=-", "Files of the result, as the bytes of a tar on the pipeline"),
        ("type=image", "An image in the engine's own store"),
        ("type=registry", "An image pushed to the registries of its names"),
        ("type=oci,dest=", "An image as an OCI archive, one tar file"),
        ("type=docker", "An image loaded into the docker daemon; with dest=, a file for 'docker load'"),
    ];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completions.Try(() => AttributeCompletions.Select(TypedList.Read(wordToComplete, commandAst, parameterName), s_outputs, AttributesOf));

    private static IEnumerable<KeyValuePair<string, IReadOnlyList<string>>> AttributesOf(string type)
    {
        IEnumerable<string> destination = type is "local" or "tar" or "oci" or "docker" ? ["dest"] : [];
        return destination.Concat(OutputAttributes.NamesFor(type)).Select(name => KeyValuePair.Create(name, name == "context" ? Contexts() : OutputAttributes.ValuesFor(name)));
    }

    private static IReadOnlyList<string> Contexts() => [.. new ContextCatalog(ClientEnvironment.Read()).List().Select(c => c.Name)];
}
