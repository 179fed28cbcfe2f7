using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Lists docker's contexts: <c>docker context ls</c>. No engine is contacted.</summary>
[Cmdlet(VerbsCommon.Get, "BuildxContext")]
[OutputType(typeof(DockerContext))]
public sealed class GetBuildxContextCommand : BuildxCommand
{
    /// <summary>Names of contexts, wildcards allowed; without it all contexts.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Context")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var contexts = ForAll(null, () => new ContextCatalog(ClientEnvironment.Read()).List());
        foreach (var name in Name.Length == 0 ? ["*"] : Name)
        {
            ForInput(name, () => Write(name, contexts));
        }
    }

    private void Write(string name, IReadOnlyList<DockerContext> contexts)
    {
        var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        var found = contexts.Where(c => pattern.IsMatch(c.Name)).ToList();
        if (found.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
        {
            throw new BuildxException(
                BuildxFailure.ContextNotFound,
                $"There is no docker context named '{name}'.",
                "List the contexts with Get-BuildxContext.");
        }

        foreach (var context in found)
        {
            WriteObject(context);
        }
    }
}
