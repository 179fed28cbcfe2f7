using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Stops builders; their cache stays: <c>docker buildx stop</c>.</summary>
[Cmdlet(VerbsLifecycle.Stop, "BuildxBuilder", SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class StopBuildxBuilderCommand : BuildxCommand
{
    /// <summary>Names of builders, wildcards allowed; without it the current builder.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Builder")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Returns the builders.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForBuilders(Name, builder =>
    {
        if (!ShouldProcess(builder.Name, "Stop builder"))
        {
            return;
        }

        var environment = ClientEnvironment.Read();
        var selection = new BuilderSelection { Name = builder.Name };
        Run(token => new BuilderLifecycle(environment).StopAsync(selection, token));
        if (PassThru)
        {
            WriteObject(Run(token => new BuilderCatalog(environment).GetAsync(selection, DefaultTimeout, token)));
        }
    });
}
