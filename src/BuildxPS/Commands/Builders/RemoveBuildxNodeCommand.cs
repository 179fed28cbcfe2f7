using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>
/// Takes a node out of a builder: <c>docker buildx create --leave</c>. The node's engine and its cache stay as they are.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "BuildxNode", SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class RemoveBuildxNodeCommand : BuildxCommand
{
    /// <summary>The builder that has the node.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string Builder { get; set; } = "";

    /// <summary>The node's name.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    public string Node { get; set; } = "";

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Builder, () =>
    {
        var environment = ClientEnvironment.Read();
        var nodes = new BuilderNodes(environment);
        nodes.CheckRemoval(Builder, Node);
        if (ShouldProcess(Builder, $"Remove node '{Node}'"))
        {
            var name = Run(token => nodes.RemoveAsync(Builder, Node, token));
            WriteVerbose($"Removed node '{Node}' from builder '{name}'.");
            WriteObject(Run(token => new BuilderCatalog(environment).GetAsync(new BuilderSelection { Name = name }, DefaultTimeout, token)));
        }
    });
}
