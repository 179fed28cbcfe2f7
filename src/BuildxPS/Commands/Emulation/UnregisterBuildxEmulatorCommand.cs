using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Emulation;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Takes emulators for other processors away: from this machine's kernel, or by an installer image from the machines of builders' engines.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "BuildxEmulator", SupportsShouldProcess = true, DefaultParameterSetName = ByName)]
[OutputType(typeof(Emulator))]
public sealed class UnregisterBuildxEmulatorCommand : EmulationCommand
{
    private const string ByName = "Name";
    private const string ByPlatform = "Platform";

    /// <summary>Names of emulators (<c>qemu-aarch64</c>), or what <c>Get-BuildxEmulator</c> gives; for this machine's wildcards are allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(EmulatorNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>The platforms whose emulators go: <c>arm64</c>, <c>linux/arm/v7</c>, …</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPlatform)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(EmulatedPlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>The image that does it on engines' machines; without it <c>tonistiigi/binfmt</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Image { get; set; }

    /// <summary>Seconds that the image may take on one machine, without its pull; 0 waits without a limit.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int TimeoutSec { get; set; } = 60;

    /// <summary>Gives the emulators that were taken away.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var platforms = ForAll(Platform, () => EmulatedPlatforms.Read(Platform));
        if (IsLocal)
        {
            ForAll(Image, () =>
            {
                RequireNothingRemote(Image);
                return true;
            });
            UnregisterHere(platforms);
            return;
        }

        ForSelections(builder => UnregisterThere(builder, platforms));
    }

    private void UnregisterHere(IReadOnlyList<Platform> platforms)
    {
        foreach (var name in Name)
        {
            ForInput(name, () => UnregisterHere(name));
        }

        foreach (var platform in platforms)
        {
            ForInput(platform, () => UnregisterHere(platform));
        }
    }

    private void UnregisterHere(string name)
    {
        var emulators = new LocalEmulators(ClientEnvironment.Read());
        var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
        Emulator[] found = [.. emulators.Read().Emulators.Where(e => pattern.IsMatch(e.Name))];
        if (found.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
        {
            throw emulators.NotNamed(name);
        }

        Unregister(emulators, found);
    }

    private void UnregisterHere(Platform platform)
    {
        var emulators = new LocalEmulators(ClientEnvironment.Read());
        Emulator[] found = [.. emulators.Read().Emulators.Where(e => e.Platform is { } own && own.Architecture == platform.Architecture)];
        if (found.Length == 0)
        {
            throw emulators.NotFound($"no emulator for {platform}");
        }

        Unregister(emulators, found);
    }

    private void Unregister(LocalEmulators emulators, Emulator[] found)
    {
        foreach (var emulator in found)
        {
            if (ShouldProcess($"{emulator.Name} ({emulator.Platform?.ToString() ?? "of another processor"})", $"Unregister {emulator.Interpreter}"))
            {
                emulators.Unregister(emulator.Name);
                if (PassThru)
                {
                    WriteObject(emulator);
                }
            }
        }
    }

    private void UnregisterThere(BuilderSelection builder, IReadOnlyList<Platform> platforms)
    {
        var installation = new EmulatorInstallation { Platforms = platforms, Names = Name, Nodes = Node, IsRemoval = true, Image = Image, Timeout = TimeSpan.FromSeconds(TimeoutSec) };
        var engines = new EngineEmulators(ClientEnvironment.Read());
        var (name, image, _, addresses) = Run(token => engines.FindAsync(builder, installation, token));
        var what = string.Join(", ", Name.Concat(platforms.Select(p => p.ToString())));
        if (ShouldProcess($"the machine of {string.Join(", ", addresses)} (builder '{name}')", $"Unregister emulators ({what}) with the image {image}, in a privileged container"))
        {
            // After the last lines of progress, which would else stand between the rows of a table.
            var gone = new List<Emulator>();
            Show(token => engines.UnregisterAsync(builder, installation, token), gone.Add);
            gone.Where(_ => PassThru).ToList().ForEach(WriteObject);
        }
    }
}
