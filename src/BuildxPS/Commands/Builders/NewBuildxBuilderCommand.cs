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
        if (ShouldProcess(Name ?? "(a random name)", Describe("Create builder", creation)))
        {
            var environment = ClientEnvironment.Read();
            var created = Run(token => new BuilderCreator(environment).CreateAsync(creation, token));
            WriteVerbose($"Created builder '{created.Name}'.");
            Finish(environment, created);
        }
    });
}
