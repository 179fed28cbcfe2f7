using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Adds a node to a builder: <c>docker buildx create --append</c>.</summary>
[Cmdlet(VerbsCommon.Add, "BuildxNode", SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class AddBuildxNodeCommand : NodeCreationCommand
{
    /// <summary>The builder that gets the node.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string Builder { get; set; } = "";

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Builder, () =>
    {
        ChooseProgress();
        var creation = ReadCreation(Builder);
        var environment = ClientEnvironment.Read();
        var nodes = new BuilderNodes(environment);
        nodes.CheckAddition(creation);
        if (ShouldProcess(Builder, Describe("Add node", creation)))
        {
            var changed = Run(token => nodes.AddAsync(creation, token));
            WriteVerbose($"Added a node to builder '{changed.Name}'.");
            Finish(environment, changed);
        }
    });
}
