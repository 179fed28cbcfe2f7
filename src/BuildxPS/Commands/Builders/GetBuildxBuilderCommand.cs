using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Lists builders, or shows some: <c>docker buildx ls</c> and <c>inspect</c>.</summary>
[Cmdlet(VerbsCommon.Get, "BuildxBuilder", DefaultParameterSetName = ByName)]
[OutputType(typeof(Builder))]
public sealed class GetBuildxBuilderCommand : BuildxCommand
{
    private const string ByName = "Name";
    private const string BySelection = "Selection";

    /// <summary>Names of builders, wildcards allowed; without it all builders.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Builder")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Only the builder that a build would use.</summary>
    [Parameter(ParameterSetName = BySelection)]
    public SwitchParameter Current { get; set; }

    /// <summary>Only the builder of this docker context.</summary>
    [Parameter(ParameterSetName = BySelection)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set; }

    /// <summary>Only the builder of the docker engine at this address.</summary>
    [Parameter(ParameterSetName = BySelection)]
    [Alias("H")]
    [ValidateNotNullOrEmpty]
    public string? DockerHost { get; set; }

    /// <summary>
    /// Seconds to wait for an engine's answer; 0 waits without a limit. Without it 20, but a list waits no longer than 2 for
    /// an engine that does not answer at all.
    /// </summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int TimeoutSec { get; set; } = 20;

    private static readonly TimeSpan s_firstAnswer = TimeSpan.FromSeconds(1.75);

    private TimeSpan Limit => TimeSpan.FromSeconds(TimeoutSec);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == BySelection)
        {
            ForInput(Context ?? DockerHost, () => WriteOne(new BuilderSelection { Context = Context, DockerHost = DockerHost }));
            return;
        }

        foreach (var name in Name.Length == 0 ? ["*"] : Name)
        {
            ForInput(name, () => Write(name));
        }
    }

    private void Write(string name)
    {
        if (!WildcardPattern.ContainsWildcardCharacters(name))
        {
            WriteOne(new BuilderSelection { Name = name });
            return;
        }

        var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        WriteVerbose($"Asking the engines of builders named {name}.");
        Consume(token => new BuilderCatalog(ClientEnvironment.Read()) { FirstAnswer = MyInvocation.BoundParameters.ContainsKey(nameof(TimeoutSec)) ? null : s_firstAnswer }.ListAsync(pattern.IsMatch, Limit, token), WriteObject);
    }

    private void WriteOne(BuilderSelection selection)
        => WriteObject(Run(token => new BuilderCatalog(ClientEnvironment.Read()).GetAsync(selection, Limit, token)));
}
