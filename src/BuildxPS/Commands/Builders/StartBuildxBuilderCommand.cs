using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Starts builders, and makes their containers where they are missing: <c>docker buildx inspect --bootstrap</c>.</summary>
[Cmdlet(VerbsLifecycle.Start, "BuildxBuilder", SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class StartBuildxBuilderCommand : BuildxProgressCommand
{
    /// <summary>Names of builders, wildcards allowed; without it the current builder.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Builder")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void BeginProcessing() => ChooseProgress();

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForBuilders(Name, builder =>
    {
        if (!ShouldProcess(builder.Name, "Start builder"))
        {
            return;
        }

        var environment = ClientEnvironment.Read();
        var selection = new BuilderSelection { Name = builder.Name };
        Show(token => new BuilderLifecycle(environment).StartAsync(selection, token));
        WriteObject(Run(token => new BuilderCatalog(environment).GetAsync(selection, DefaultTimeout, token)));
    });
}
