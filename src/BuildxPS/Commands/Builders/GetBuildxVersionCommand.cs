using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Says which versions work together, of this module and of each node's BuildKit: <c>docker buildx version</c>, and more.</summary>
[Cmdlet(VerbsCommon.Get, "BuildxVersion")]
[OutputType(typeof(BuildxVersion))]
public sealed class GetBuildxVersionCommand : BuildxCommand
{
    /// <summary>The builder whose nodes are asked, by name or as <c>Get-BuildxBuilder</c> gives it; without it the current one.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string? Builder { get; set; }

    /// <summary>The docker context whose engine is asked.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set; }

    /// <summary>The address of the docker engine that is asked.</summary>
    [Parameter]
    [Alias("H")]
    [ValidateNotNullOrEmpty]
    public string? DockerHost { get; set; }

    /// <summary>Seconds to wait for an engine's answer; 0 waits without a limit.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int TimeoutSec { get; set; } = 20;

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Builder ?? Context ?? DockerHost, () =>
    {
        var selection = new BuilderSelection { Name = Builder, Context = Context, DockerHost = DockerHost };
        var shell = $"{(SessionState.PSVariable.GetValue("PSVersionTable") as System.Collections.IDictionary)?["PSVersion"]}";
        WriteObject(Run(token => new VersionSurvey(ClientEnvironment.Read()).AskAsync(selection, shell, TimeSpan.FromSeconds(TimeoutSec), token)));
    });
}
