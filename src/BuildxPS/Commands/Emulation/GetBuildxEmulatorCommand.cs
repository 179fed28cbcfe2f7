using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Emulation;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Lists the emulators of this machine's kernel, or what the nodes of builders run by themselves, under emulators, and not at all.</summary>
[Cmdlet(VerbsCommon.Get, "BuildxEmulator", DefaultParameterSetName = OfMachine)]
[OutputType(typeof(Emulator), typeof(NodePlatform))]
public sealed class GetBuildxEmulatorCommand : BuildxCommand
{
    private const string OfMachine = "Machine";
    private const string OfBuilder = "Builder";

    /// <summary>Names of emulators, wildcards allowed; without it all.</summary>
    [Parameter(Position = 0, ParameterSetName = OfMachine)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(EmulatorNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Names of builders, wildcards allowed, or what <c>Get-BuildxBuilder</c> gives: says which platforms their nodes run, and how.</summary>
    [Parameter(ParameterSetName = OfBuilder, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string[] Builder { get; set => field = [.. (value ?? []).Where(n => !string.IsNullOrEmpty(n))]; } = [];

    /// <summary>The same for the docker context's engine.</summary>
    [Parameter(ParameterSetName = OfBuilder, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>The same for the docker engine at this address.</summary>
    [Parameter(ParameterSetName = OfBuilder, ValueFromPipelineByPropertyName = true)]
    [Alias("H")]
    public string? DockerHost { get; set => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Only these platforms; with a builder, these and no others, whether a node has them or not. <c>arm64</c> means <c>linux/arm64</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>Seconds to wait for an engine's answer; 0 waits without a limit.</summary>
    [Parameter(ParameterSetName = OfBuilder)]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int TimeoutSec { get; set; } = 20;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var platforms = ForAll(Platform, () => EmulatedPlatforms.Read(Platform));
        if (ParameterSetName == OfBuilder)
        {
            ForAll(Builder, () => Builder.Length == 0 && Context is null && DockerHost is null
                ? throw new BuildxException(BuildxFailure.ArgumentInvalid, "No builder is named.", "Name it with -Builder, -Context or -DockerHost; without them, this machine's emulators are listed.")
                : true);
            ForSelections(Builder, Context, DockerHost, builder => WriteNodes(builder, platforms));
            return;
        }

        ForInput(null, () => WriteEmulators(platforms));
    }

    private void WriteEmulators(IReadOnlyList<Platform> platforms)
    {
        var survey = new LocalEmulators(ClientEnvironment.Read()).Read();
        survey.Warnings.ToList().ForEach(WriteWarning);
        foreach (var emulator in survey.Emulators.Where(e => platforms.Count == 0 || platforms.Any(p => p.Architecture == e.Platform?.Architecture)))
        {
            if (Name.Any(n => WildcardPattern.Get(n, WildcardOptions.IgnoreCase).IsMatch(emulator.Name)))
            {
                WriteObject(emulator);
            }
        }

        foreach (var name in survey.Warnings.Count > 0 ? [] : Name.Where(n => !WildcardPattern.ContainsWildcardCharacters(n) && survey.Emulators.All(e => !string.Equals(e.Name, n, StringComparison.OrdinalIgnoreCase))))
        {
            WriteError(FailureRecord.Create(new LocalEmulators(ClientEnvironment.Read()).NotFound($"no emulator '{DisplayText.Line(name)}'"), name));
        }
    }

    private void WriteNodes(BuilderSelection builder, IReadOnlyList<Platform> platforms)
    {
        foreach (var answer in Run(token => new PlatformSurvey(ClientEnvironment.Read()).AskAsync(builder, platforms, TimeSpan.FromSeconds(TimeoutSec), token)))
        {
            if (answer.Failure is { } failure)
            {
                WriteError(FailureRecord.Create(failure, answer.Node));
            }
            else
            {
                WriteObject(answer.Result);
            }
        }
    }
}
