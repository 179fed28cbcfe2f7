using System.Management.Automation;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Makes <c>docker build</c> run docker's buildx plugin: <c>docker buildx install</c>.</summary>
[Cmdlet(VerbsLifecycle.Install, "BuildxAlias", SupportsShouldProcess = true)]
[OutputType(typeof(BuildxAlias))]
public sealed class InstallBuildxAliasCommand : BuildxCommand
{
    /// <summary>Replaces an alias that stands for something else.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the alias.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => ForInput(null, () =>
    {
        var alias = new BuilderAlias(ClientEnvironment.Read());
        var before = alias.Read();
        var (isChange, warning) = alias.Plan(Force);
        if (warning is not null)
        {
            WriteWarning(warning);
        }

        if (!isChange)
        {
            WriteVerbose($"{before.ConfigFile} has the alias already.");
        }
        else if (ShouldProcess(before.ConfigFile, before.Plugin is null ? "Make 'docker build' run the buildx plugin" : $"Make 'docker build' run the buildx plugin, not '{DisplayText.Line(before.Plugin, 100)}'"))
        {
            alias.Install(Force);
        }
        else
        {
            return;
        }

        if (PassThru)
        {
            WriteObject(alias.Read());
        }
    });
}
