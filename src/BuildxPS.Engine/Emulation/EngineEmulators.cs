using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;

namespace BuildxPS.Engine.Emulation;

/// <summary>How emulators are to be registered on engines' machines.</summary>
public sealed record EmulatorInstallation
{
    /// <summary>The platforms.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>Names of entries, where some are to be taken away.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>The image that does it; null for <c>tonistiigi/binfmt</c>.</summary>
    public string? Image { get; init; }

    /// <summary>Whether emulators that are there are replaced.</summary>
    public bool Force { get; init; }

    /// <summary>How long the image may take on one machine; zero for no limit.</summary>
    public TimeSpan Timeout { get; init; }
}

/// <summary>Emulators on the machines of a builder's engines, registered by an image that a docker daemon there runs.</summary>
public sealed class EngineEmulators
{
    private readonly ClientEnvironment _environment;
    private readonly BuilderCatalog _catalog;

    /// <summary>Creates it. Nothing is read or contacted.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public EngineEmulators(ClientEnvironment environment)
    {
        _environment = environment;
        _catalog = new BuilderCatalog(environment);
    }

    /// <summary>Says what would be done where, and refuses what cannot be. No engine is contacted.</summary>
    /// <param name="builder">Whose engines.</param>
    /// <param name="installation">What is to be done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The builder's name and the addresses of the docker daemons.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulationUnavailable"/> where no node's machine has a docker daemon, and what is wrong with the installation.</exception>
    public async Task<(string Builder, string Image, IReadOnlyList<string> Addresses)> FindAsync(BuilderSelection builder, EmulatorInstallation installation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(installation);
        var image = InstallerImage.Parse(installation.Image);
        _ = ArchitecturesOf(installation);
        var handle = await _catalog.ResolveAsync(builder, cancellationToken).ConfigureAwait(false);
        await using (handle.ConfigureAwait(false))
        {
            var machines = Machines(handle, builder);
            return machines.Count > 0
                ? (handle.Name, image.Reference.ToString(), [.. machines.Select(m => m.Daemon.Address)])
                : throw NoDocker(handle, handle.Nodes[0], installation);
        }
    }

    /// <summary>Registers emulators.</summary>
    /// <param name="builder">On whose engines' machines.</param>
    /// <param name="installation">Which ones, and how.</param>
    /// <param name="cancellationToken">Gives up; no container is left.</param>
    /// <returns>What happens, the emulators, and the failures of nodes and platforms.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating: the builder cannot be used.</exception>
    public IAsyncEnumerable<NodeAnswer<Emulator>> RegisterAsync(BuilderSelection builder, EmulatorInstallation installation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(installation);
        var image = InstallerImage.Parse(installation.Image);
        var architectures = ArchitecturesOf(installation);
        return ForEachMachineAsync(builder, installation, async (machine, answer, token) =>
        {
            var own = await CheckAsync(machine.Daemon, token).ConfigureAwait(false);
            var foreign = Foreign(architectures, machine, own, installation.Force);
            if (foreign.Count == 0)
            {
                return;
            }

            var what = image.IsWholesale ? "registering all emulators" : $"registering {string.Join(", ", foreign.Select(a => a.EntryName))}";
            var output = await Run(machine.Daemon, image, answer).RunAsync(image.Install(foreign, installation.Force), what, installation.Timeout, token).ConfigureAwait(false);
            foreach (var architecture in foreign)
            {
                await answer(Registered(machine, architecture, image.OutcomeOf(architecture, output), image, output), token).ConfigureAwait(false);
            }
        }, cancellationToken);
    }

    /// <summary>Takes emulators away.</summary>
    /// <param name="builder">From whose engines' machines.</param>
    /// <param name="installation">Which ones, and how.</param>
    /// <param name="cancellationToken">Gives up; no container is left.</param>
    /// <returns>What happens, the emulators that are gone, and the failures of nodes and names.</returns>
    /// <exception cref="BuildxException">Thrown while enumerating: the builder cannot be used, or the image cannot.</exception>
    public IAsyncEnumerable<NodeAnswer<Emulator>> UnregisterAsync(BuilderSelection builder, EmulatorInstallation installation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(installation);
        var image = InstallerImage.Parse(installation.Image);
        string[] names = [.. installation.Names.Concat(ArchitecturesOf(installation).Select(a => a.EntryName)).Distinct(StringComparer.Ordinal)];
        var arguments = image.Uninstall(names);
        return ForEachMachineAsync(builder, installation, async (machine, answer, token) =>
        {
            _ = await CheckAsync(machine.Daemon, token).ConfigureAwait(false);
            var output = await Run(machine.Daemon, image, answer).RunAsync(arguments, $"unregistering {string.Join(", ", names)}", installation.Timeout, token).ConfigureAwait(false);
            foreach (var name in names)
            {
                await answer(Unregistered(machine, name, InstallerImage.IsRemoved(name, output), image, output), token).ConfigureAwait(false);
            }
        }, cancellationToken);
    }

    private static EmulatedArchitecture[] ArchitecturesOf(EmulatorInstallation installation)
        => [.. installation.Platforms.Select(EmulatedPlatforms.ArchitectureOf).Distinct()];

    /// <summary>What a machine does not run by itself. Of a builder with several machines, each gets what it lacks.</summary>
    private static List<EmulatedArchitecture> Foreign(EmulatedArchitecture[] architectures, EngineSite machine, Platform own, bool force)
    {
        var foreign = new List<EmulatedArchitecture>();
        foreach (var architecture in architectures)
        {
            try
            {
                EmulatedPlatforms.RequireForeign(architecture, own, $"the machine of {machine.Daemon.Address}", force);
                foreign.Add(architecture);
            }
            catch (BuildxException e) when (e.Failure == BuildxFailure.EmulatorNotNeeded && machine.IsOneOfSeveral)
            {
                // Another machine of the builder is why it was asked for.
            }
        }

        return foreign;
    }

    private IAsyncEnumerable<NodeAnswer<Emulator>> ForEachMachineAsync(
        BuilderSelection selection,
        EmulatorInstallation installation,
        Func<EngineSite, Func<NodeAnswer<Emulator>, CancellationToken, ValueTask>, CancellationToken, Task> work,
        CancellationToken cancellationToken)
        => EventStream.RunAsync<NodeAnswer<Emulator>>(async (answer, token) =>
        {
            var handle = await _catalog.ResolveAsync(selection, token).ConfigureAwait(false);
            await using (handle.ConfigureAwait(false))
            {
                foreach (var node in handle.Nodes.Where(n => (n.Driver as IDockerMachine)?.MachineDaemon is null))
                {
                    await answer(new NodeAnswer<Emulator> { Node = node.Name, Failure = NoDocker(handle, node, installation) }, token).ConfigureAwait(false);
                }

                await Task.WhenAll(Machines(handle, selection).Select(async machine =>
                {
                    try
                    {
                        await work(machine, answer, token).ConfigureAwait(false);
                    }
                    catch (BuildxException e)
                    {
                        await answer(new NodeAnswer<Emulator> { Node = machine.Node.Name, Failure = e }, token).ConfigureAwait(false);
                    }
                })).ConfigureAwait(false);
            }
        }, cancellationToken);

    /// <summary>Each machine once, though several nodes may be on it.</summary>
    private static List<EngineSite> Machines(BuilderHandle handle, BuilderSelection selection)
        => [.. handle.Nodes
            .Select(n => (n.Driver as IDockerMachine)?.MachineDaemon is { } daemon ? new EngineSite(handle.Name, n, daemon, EmulatorSite.Parameter(selection, handle.Name), handle.Nodes.Count > 1) : null)
            .OfType<EngineSite>()
            .DistinctBy(s => s.Daemon.Address)];

    /// <summary>Refuses a machine that cannot have emulators.</summary>
    /// <returns>The machine's own platform.</returns>
    private static async Task<Platform> CheckAsync(DockerDaemon daemon, CancellationToken cancellationToken)
    {
        var info = await daemon.GetInfoAsync(cancellationToken).ConfigureAwait(false);
        return info.OSType is null or "" or "linux"
            ? Platform.FromParts("linux", info.Architecture ?? "", null, null) ?? Platform.Parse("linux/unknown")
            : throw new BuildxException(
                BuildxFailure.EmulationUnavailable,
                $"The docker daemon at {daemon.Address} runs containers of {DisplayText.Line(info.OSType)}, which cannot be emulated.",
                "Switch it to Linux containers, or name another builder.");
    }

    private NodeAnswer<Emulator> Registered(EngineSite machine, EmulatedArchitecture architecture, InstallOutcome outcome, InstallerImage image, InstallerOutput output)
    {
        var line = $"Register-BuildxEmulator -Platform {architecture.Name} {machine.Parameter} -Force";
        return outcome switch
        {
            InstallOutcome.Registered => new() { Node = machine.Node.Name, Result = Describe(machine, architecture.EntryName, architecture) },
            InstallOutcome.Existed => new()
            {
                Node = machine.Node.Name,
                Failure = new BuildxException(
                    BuildxFailure.EmulatorExists,
                    $"An emulator for linux/{architecture.Name} is registered already on the machine of {machine.Daemon.Address}.",
                    $"Nothing is to be done where builds work (Test-BuildxPlatform {architecture.Name} {machine.Parameter} tells); '{line}' replaces it."),
            },
            _ => new()
            {
                Node = machine.Node.Name,
                Failure = new BuildxException(
                    BuildxFailure.EmulatorInstallFailed,
                    $"The image {image.Reference} did not register an emulator for linux/{architecture.Name} on the machine of {machine.Daemon.Address}.{output.Show()}",
                    "Read what it printed; -Image names another image, and rootless daemons cannot register emulators."),
            },
        };
    }

    private static NodeAnswer<Emulator> Unregistered(EngineSite machine, string name, bool? isRemoved, InstallerImage image, InstallerOutput output) => isRemoved switch
    {
        true => new()
        {
            Node = machine.Node.Name,
            Result = new Emulator { Name = name, Platform = EmulatedArchitecture.All.FirstOrDefault(a => a.EntryName == name)?.Platform, Builder = machine.Builder, Node = machine.Node.Name },
        },
        false => new()
        {
            Node = machine.Node.Name,
            Failure = new BuildxException(
                BuildxFailure.EmulatorNotFound,
                $"There is no emulator '{DisplayText.Line(name)}' on the machine of {machine.Daemon.Address}.",
                $"See what the builder's nodes run with Get-BuildxEmulator {machine.Parameter}."),
        },
        null => new()
        {
            Node = machine.Node.Name,
            Failure = new BuildxException(
                BuildxFailure.EmulatorInstallFailed,
                $"The image {image.Reference} did not unregister the emulator '{DisplayText.Line(name)}' on the machine of {machine.Daemon.Address}.{output.Show()}",
                "Read what it printed; -Image names another image."),
        },
    };

    /// <summary>What was registered: as this machine's kernel shows it where the engine runs here, else what installers promise.</summary>
    private Emulator Describe(EngineSite machine, string name, EmulatedArchitecture architecture)
    {
        var seen = machine.Node.Machine.IsHere ? new LocalEmulators(_environment).Read().Emulators.FirstOrDefault(e => e.Name == name) : null;
        return (seen ?? new Emulator { Name = name, Platform = architecture.Platform, IsEnabled = true, WorksInContainers = true })
            with
        { Builder = machine.Builder, Node = machine.Node.Name };
    }

    private InstallerRun Run(DockerDaemon daemon, InstallerImage image, Func<NodeAnswer<Emulator>, CancellationToken, ValueTask> answer)
        => new(daemon, image, FindLoginAsync, (e, token) => answer(new NodeAnswer<Emulator> { Event = e }, token));

    private async ValueTask<RegistryCredential?> FindLoginAsync(ImageReference image, CancellationToken cancellationToken)
    {
        using var logins = new CredentialStore(_environment);
        return await logins.GetAsync(image.Registry, [$"repository:{image.Repository}:pull"], cancellationToken).ConfigureAwait(false);
    }

    private BuildxException NoDocker(BuilderHandle builder, NodeHandle node, EmulatorInstallation installation)
    {
        var site = EmulatorSite.Of(node, builder.Driver, builder.Name, new BuilderSelection { Name = builder.Name }, _environment);
        var where = node.Machine.IsHere ? $"this machine ({node.Machine.Address})" : node.Machine.Address;
        return new BuildxException(
            BuildxFailure.EmulationUnavailable,
            $"The engine of the node '{node.Name}' of the builder '{builder.Name}' (driver {builder.Driver}) runs at {where}, and no docker daemon there is known that could change the machine's emulators.",
            installation.Names.Count > 0 ? "Unregister it on that machine itself, with Unregister-BuildxEmulator as root." : site.Advise(installation.Platforms is [var first, ..] ? first : null));
    }

    /// <summary>A machine and the node through which it is known.</summary>
    private sealed record EngineSite(string Builder, NodeHandle Node, DockerDaemon Daemon, string Parameter, bool IsOneOfSeveral);
}
