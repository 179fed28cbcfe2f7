using System.Management.Automation;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Makes a builder with a BuildKit of its own: <c>docker buildx create</c>.</summary>
[Cmdlet(VerbsCommon.New, "BuildxBuilder", SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class NewBuildxBuilderCommand : NodeCreationCommand
{
    /// <summary>The builder's name; without it a random one.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Name, () =>
    {
        ChooseProgress();
        var creation = ReadCreation(Name);
        var environment = ClientEnvironment.Read();
        var creator = new BuilderCreator(environment);
        creator.Check(creation);
        if (ShouldProcess(Name ?? "(a random name)", Describe("Create builder", creation)))
        {
            var created = Run(token => creator.CreateAsync(creation, token));
            WriteVerbose($"Created builder '{created.Name}'.");
            Finish(environment, created);
        }
    });
}
