using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Emulation;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Registers emulators for other processors: with this machine's kernel, or by an installer image on the machines of builders' engines.</summary>
[Cmdlet(VerbsLifecycle.Register, "BuildxEmulator", SupportsShouldProcess = true)]
[OutputType(typeof(Emulator))]
public sealed class RegisterBuildxEmulatorCommand : EmulationCommand
{
    /// <summary>The platforms whose programs are to run: <c>arm64</c>, <c>linux/arm/v7</c>, …</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(EmulatedPlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>The path of a static program that emulates, for one platform; without it an installed QEMU is used.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Interpreter { get; set; }

    /// <summary>The image that registers emulators on engines' machines, used as <c>tonistiigi/binfmt</c> (which it is without this) or <c>multiarch/qemu-user-static</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Image { get; set; }

    /// <summary>Replaces emulators for these platforms that are registered already.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Seconds that the image may take on one machine, without its pull; 0 waits without a limit.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue / 1000)]
    public int TimeoutSec { get; set; } = 60;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var platforms = ForAll(Platform, () => EmulatedPlatforms.Read(Platform));
        if (IsLocal)
        {
            ForInput(Platform, () => RegisterHere(platforms));
            return;
        }

        ForAll(Interpreter, () => Interpreter is null ? true : throw new BuildxException(
            BuildxFailure.ArgumentInvalid,
            "-Interpreter is a program of this machine; on the machine of a builder's engine, the image brings it.",
            "Leave one of -Interpreter and -Builder, -Context or -DockerHost out."));
        ForSelections(builder => RegisterThere(builder, platforms));
    }

    private void RegisterHere(IReadOnlyList<Platform> platforms)
    {
        CheckLocal(platforms);
        var interpreter = Interpreter is null ? null : ResolvePath(Interpreter, BuildxFailure.InterpreterNotFound, "The interpreter");
        foreach (var platform in platforms)
        {
            ForInput(platform, () =>
            {
                var emulators = new LocalEmulators(ClientEnvironment.Read());
                var registration = emulators.Plan(platform, interpreter, Force);
                if (ShouldProcess($"{registration.Name} ({platform})", registration.Describe()))
                {
                    WriteVerbose($"{registration.Name}: {registration.Describe()}");
                    WriteObject(emulators.Register(registration));
                }
            });
        }
    }

    private void CheckLocal(IReadOnlyList<Platform> platforms)
    {
        RequireNothingRemote(Image);
        if (Interpreter is not null && platforms.Count > 1)
        {
            throw new BuildxException(
                BuildxFailure.ArgumentInvalid,
                $"-Interpreter is for one platform, and there are {platforms.Count}: {string.Join(", ", platforms)}.",
                "Register them one by one, or leave -Interpreter out to use the installed ones.");
        }
    }

    private void RegisterThere(BuilderSelection builder, IReadOnlyList<Platform> platforms)
    {
        var installation = new EmulatorInstallation { Platforms = platforms, Nodes = Node, Image = Image, Force = Force, Timeout = TimeSpan.FromSeconds(TimeoutSec) };
        var engines = new EngineEmulators(ClientEnvironment.Read());
        var (name, image, replacesAll, addresses) = Run(token => engines.FindAsync(builder, installation, token));
        var what = replacesAll ? "Unregister all of QEMU's emulators and register all" : $"Register emulators for {string.Join(", ", platforms)}";
        if (ShouldProcess($"the machine of {string.Join(", ", addresses)} (builder '{name}')", $"{what} with the image {image}, in a privileged container"))
        {
            // After the last lines of progress, which would else stand between the rows of a table.
            var registered = new List<Emulator>();
            Show(token => engines.RegisterAsync(builder, installation, token), registered.Add);
            registered.ForEach(WriteObject);
        }
    }
}
