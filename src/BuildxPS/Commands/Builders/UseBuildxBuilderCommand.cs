using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Makes a builder the current one: <c>docker buildx use</c>.</summary>
[Cmdlet(VerbsOther.Use, "BuildxBuilder", SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class UseBuildxBuilderCommand : BuildxCommand
{
    /// <summary>The builder's name; the current docker context's name for the context's own.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Builder")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Keeps the choice for this context after another one was current meanwhile.</summary>
    [Parameter]
    public SwitchParameter Default { get; set; }

    /// <summary>Makes it current under every docker context.</summary>
    [Parameter]
    public SwitchParameter Global { get; set; }

    /// <summary>Returns the builder.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Name, () =>
    {
        var environment = ClientEnvironment.Read();
        var catalog = new BuilderCatalog(environment);
        var builder = catalog.FindLocal(new BuilderSelection { Name = Name });
        if (!ShouldProcess(builder.Name, Global ? "Make current builder under every context" : "Make current builder"))
        {
            return;
        }

        Run(token => new BuilderLifecycle(environment).UseAsync(
            new BuilderChoice { Name = builder.Name, IsDefault = Default, IsGlobal = Global }, token));
        if (PassThru)
        {
            WriteObject(Run(token => catalog.GetAsync(new BuilderSelection { Name = builder.Name }, DefaultTimeout, token)));
        }
    });
}
