using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Emulation;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Runs a tiny program for each platform on the nodes of a builder, and says what really works.</summary>
[Cmdlet(VerbsDiagnostic.Test, "BuildxPlatform")]
[OutputType(typeof(PlatformTest))]
public sealed class TestBuildxPlatformCommand : EmulationCommand
{
    /// <summary>The platforms; without it those that a node's engine lists. <c>arm64</c> means <c>linux/arm64</c>.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>Seconds that one program may take; 0 waits without a limit.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int TimeoutSec { get; set; } = 60;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var platforms = ForAll(Platform, () => EmulatedPlatforms.Read(Platform));
        ForSelections(builder => Show(
            token => new PlatformTrial(ClientEnvironment.Read()).RunAsync(builder, Node, platforms, TimeSpan.FromSeconds(TimeoutSec), token), WriteObject));
    }
}
