using System.Management.Automation;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Makes <c>docker build</c> what it was without the alias: <c>docker buildx uninstall</c>.</summary>
[Cmdlet(VerbsLifecycle.Uninstall, "BuildxAlias", SupportsShouldProcess = true)]
[OutputType(typeof(BuildxAlias))]
public sealed class UninstallBuildxAliasCommand : BuildxCommand
{
    /// <summary>Removes an alias that stands for something else, too.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the alias that was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => ForInput(null, () =>
    {
        var alias = new BuilderAlias(ClientEnvironment.Read());
        var before = alias.Read();
        if (before.Plugin is null)
        {
            WriteVerbose($"{before.ConfigFile} has no alias '{before.Name}'.");
            return;
        }

        if (BuilderAlias.IsOther(before) && !Force)
        {
            WarnThatItStays(before);
        }
        else if (ShouldProcess(before.ConfigFile, $"Remove the alias '{before.Name}' for '{DisplayText.Line(before.Plugin, 100)}'"))
        {
            // Another program may have set another one while somebody was asked.
            var found = alias.Uninstall(Force);
            if (BuilderAlias.IsOther(found) && !Force)
            {
                WarnThatItStays(found);
            }
            else if (PassThru && found.Plugin is not null)
            {
                WriteObject(found);
            }
        }
    });

    private void WarnThatItStays(BuildxAlias alias)
        => WriteWarning($"The alias '{alias.Name}' in {alias.ConfigFile} stands for '{DisplayText.Line(alias.Plugin, 100)}', not for buildx, and stays; -Force removes it.");
}
