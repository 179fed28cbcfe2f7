using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Removes builders, with their engines and caches: <c>docker buildx rm</c>.</summary>
[Cmdlet(VerbsCommon.Remove, "BuildxBuilder", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class RemoveBuildxBuilderCommand : BuildxCommand
{
    private const string ByName = "Name";
    private const string Inactive = "AllInactive";

    private bool _yesToAll;
    private bool _noToAll;

    /// <summary>Names of builders, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Builder")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Removes every builder of which no node runs.</summary>
    [Parameter(Mandatory = true, ParameterSetName = Inactive)]
    public SwitchParameter AllInactive { get; set; }

    /// <summary>Keeps the cache for a later builder of the same name.</summary>
    [Parameter]
    public SwitchParameter KeepState { get; set; }

    /// <summary>Leaves the engine running, and only takes the builder off the list.</summary>
    [Parameter]
    public SwitchParameter KeepDaemon { get; set; }

    /// <summary>Does not ask before all inactive builders go.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the builders as they were.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    // Who said -Confirm was asked already, and who said -Confirm:$false or set the preference wants not to be.
    private bool MustAsk => AllInactive && !Force && !MyInvocation.BoundParameters.ContainsKey("Confirm")
        && !string.Equals(GetVariableValue("ConfirmPreference")?.ToString(), nameof(ConfirmImpact.None), StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ByName)
        {
            ForBuilders(Name, Remove);
            return;
        }

        foreach (var builder in ForAll(null, FindInactive))
        {
            ForInput(builder.Name, () => Remove(builder));
        }
    }

    private void Remove(Builder builder)
    {
        if (!ShouldProcess(builder.Name, KeepDaemon ? "Take builder off the list" : KeepState ? "Remove builder, keep its cache" : "Remove builder and its cache")
            || (MustAsk && !ShouldContinue($"Remove the builder '{builder.Name}', of which no node runs?", "Remove all inactive builders", ref _yesToAll, ref _noToAll)))
        {
            return;
        }

        Run(token => new BuilderLifecycle(ClientEnvironment.Read()).RemoveAsync(
            new BuilderRemoval { Name = builder.Name, KeepState = KeepState, KeepDaemon = KeepDaemon }, token));
        if (PassThru)
        {
            WriteObject(builder);
        }
    }

    private List<Builder> FindInactive()
    {
        var found = new List<Builder>();
        Consume(token => new BuilderCatalog(ClientEnvironment.Read()).ListAsync(DefaultTimeout, token), builder =>
        {
            if (builder is { IsContext: false, Status: NodeStatus.Error })
            {
                WriteWarning($"The builder '{builder.Name}' stays: whether it is inactive could not be found out. To remove it all the same, name it.");
            }
            else if (builder is { IsContext: false, Status: not NodeStatus.Running })
            {
                found.Add(builder);
            }
        });
        return found;
    }
}
