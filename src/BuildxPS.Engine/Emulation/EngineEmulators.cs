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

    /// <summary>Whether emulators are to be taken away, and not registered.</summary>
    public bool IsRemoval { get; init; }

    /// <summary>Names of entries, where some are to be taken away.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>The image that does it; null for <c>tonistiigi/binfmt</c>.</summary>
    public string? Image { get; init; }

    /// <summary>Whether emulators that are there are replaced.</summary>
    public bool Force { get; init; }

    /// <summary>The nodes whose machines are meant; empty for all of the builder's.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>How long the image may take on one machine; zero for no limit.</summary>
    public TimeSpan Timeout { get; init; }
}

/// <summary>Emulators on the machines of a builder's engines, registered by an image that a docker daemon there runs.</summary>
public sealed class EngineEmulators
{
    // A privileged container is not left behind because a shell ends.
    private static readonly TimeSpan s_cleanUp = TimeSpan.FromSeconds(12);

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
    /// <returns>The builder's name, the image, whether it replaces all of QEMU's emulators, and the addresses of the docker daemons.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulationUnavailable"/> where no node's machine has a docker daemon, and what is wrong with the installation.</exception>
    public async Task<(string Builder, string Image, bool ReplacesAll, IReadOnlyList<string> Addresses)> FindAsync(BuilderSelection builder, EmulatorInstallation installation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(installation);
        var image = InstallerImage.Parse(installation.Image);
        if (installation.IsRemoval)
        {
            _ = image.Uninstall(NamesOf(installation));
        }
        else
        {
            _ = ArchitecturesOf(installation);
            image.RequireConsent(installation.Force);
        }

        var handle = await _catalog.ResolveAsync(builder, cancellationToken).ConfigureAwait(false);
        await using (handle.ConfigureAwait(false))
        {
            var nodes = NodesOf(handle, installation);
            var machines = Machines(handle, nodes, builder);
            return machines.Count > 0
                ? (handle.Name, image.Reference.ToString(), image.IsWholesale, [.. machines.Select(m => m.Daemon.Address)])
                : throw NoDocker(handle, nodes[0], builder, installation);
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
        image.RequireConsent(installation.Force);
        var needs = new ForeignArchitectures(ArchitecturesOf(installation), installation.Force);
        return ForEachMachineAsync(
            builder,
            installation,
            async (machine, answer, token) =>
            {
                var own = await CheckAsync(machine.Daemon, token).ConfigureAwait(false);
                var foreign = needs.Of($"the machine of {machine.Daemon.Address}", machine.Node.Name, own);
                if (foreign.Count > 0)
                {
                    await RegisterAsync(machine, image, installation, foreign, answer, token).ConfigureAwait(false);
                }
            },
            needs.Unneeded,
            cancellationToken);
    }

    private async Task RegisterAsync(
        EngineSite machine,
        InstallerImage image,
        EmulatorInstallation installation,
        IReadOnlyList<EmulatedArchitecture> architectures,
        Func<NodeAnswer<Emulator>, CancellationToken, ValueTask> answer,
        CancellationToken cancellationToken)
    {
        var outcomes = await InstallAsync(architectures, replaces: false).ConfigureAwait(false);
        // Only now is it known that the image can register at all: what is there is not taken away before.
        EmulatedArchitecture[] existing = installation.Force ? [.. architectures.Where(a => outcomes[a].Outcome == InstallOutcome.Existed)] : [];
        if (existing.Length > 0)
        {
            foreach (var (architecture, outcome) in await InstallAsync(existing, replaces: true).ConfigureAwait(false))
            {
                outcomes[architecture] = outcome;
            }
        }

        foreach (var architecture in architectures)
        {
            var (outcome, output) = outcomes[architecture];
            await answer(Registered(machine, architecture, outcome, image, output, isGone: existing.Contains(architecture)), cancellationToken).ConfigureAwait(false);
        }

        async Task<Dictionary<EmulatedArchitecture, (InstallOutcome Outcome, InstallerOutput Output)>> InstallAsync(IReadOnlyList<EmulatedArchitecture> wanted, bool replaces)
        {
            var names = string.Join(", ", wanted.Select(a => a.EntryName));
            var what = image.IsWholesale ? "registering all emulators" : $"{(replaces ? "replacing" : "registering")} {names}";
            try
            {
                var output = await Run(machine.Daemon, image, answer).RunAsync(image.Install(wanted, replaces), what, installation.Timeout, cancellationToken).ConfigureAwait(false);
                return wanted.ToDictionary(a => a, a => (image.OutcomeOf(a, output), output));
            }
            catch (BuildxException e) when (replaces)
            {
                throw new BuildxException(e.Failure, $"{e.Message}\n{MayBeGone(names)}", $"{e.Advice} {BringsBack(Line(machine, wanted, image))}", e) { IsTransient = e.IsTransient };
            }
        }
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
        var names = NamesOf(installation);
        var arguments = image.Uninstall(names);
        return ForEachMachineAsync(builder, installation, async (machine, answer, token) =>
        {
            _ = await CheckAsync(machine.Daemon, token).ConfigureAwait(false);
            var output = await Run(machine.Daemon, image, answer).RunAsync(arguments, $"unregistering {string.Join(", ", names)}", installation.Timeout, token).ConfigureAwait(false);
            foreach (var name in names)
            {
                await answer(Unregistered(machine, name, InstallerImage.IsRemoved(name, output), image, output), token).ConfigureAwait(false);
            }
        }, () => [], cancellationToken);
    }

    private static EmulatedArchitecture[] ArchitecturesOf(EmulatorInstallation installation)
        => [.. installation.Platforms.Select(EmulatedPlatforms.ArchitectureOf).Distinct()];

    private static string[] NamesOf(EmulatorInstallation installation)
        => [.. installation.Names.Concat(ArchitecturesOf(installation).Select(a => a.EntryName)).Distinct(StringComparer.Ordinal)];

    private static IReadOnlyList<NodeHandle> NodesOf(BuilderHandle builder, EmulatorInstallation installation) => NodeChoice.Of(builder, installation.Nodes);

    private IAsyncEnumerable<NodeAnswer<Emulator>> ForEachMachineAsync(
        BuilderSelection selection,
        EmulatorInstallation installation,
        Func<EngineSite, Func<NodeAnswer<Emulator>, CancellationToken, ValueTask>, CancellationToken, Task> work,
        Func<IEnumerable<NodeAnswer<Emulator>>> conclude,
        CancellationToken cancellationToken)
        => EventStream.RunAsync<NodeAnswer<Emulator>>(async (answer, token) =>
        {
            var handle = await _catalog.ResolveAsync(selection, token).ConfigureAwait(false);
            await using (handle.ConfigureAwait(false))
            {
                var nodes = NodesOf(handle, installation);
                foreach (var node in nodes.Where(n => (n.Driver as IDockerMachine)?.MachineDaemon is null))
                {
                    await answer(new NodeAnswer<Emulator> { Node = node.Name, Failure = NoDocker(handle, node, selection, installation) }, token).ConfigureAwait(false);
                }

                await Task.WhenAll(Machines(handle, nodes, selection).Select(async machine =>
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
                foreach (var conclusion in conclude())
                {
                    await answer(conclusion, token).ConfigureAwait(false);
                }
            }
        }, s_cleanUp, cancellationToken);

    /// <summary>Each machine once, though several nodes may be on it.</summary>
    private static List<EngineSite> Machines(BuilderHandle handle, IReadOnlyList<NodeHandle> nodes, BuilderSelection selection)
        => [.. nodes
            .Select(n => (n.Driver as IDockerMachine)?.MachineDaemon is { } daemon ? new EngineSite(NamedEngine.Of(selection, handle.Name), n, daemon, EmulatorSite.Parameter(selection, handle.Name)) : null)
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

    private NodeAnswer<Emulator> Registered(EngineSite machine, EmulatedArchitecture architecture, InstallOutcome outcome, InstallerImage image, InstallerOutput output, bool isGone)
    {
        var line = Line(machine, [architecture], image) + " -Force";
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
                    $"The image {image.Reference} did not register an emulator for linux/{architecture.Name} on the machine of {machine.Daemon.Address}.{(isGone ? " " + MayBeGone(architecture.EntryName) : "")}{output.Show()}",
                    "Read what it printed; -Image names another image, and rootless daemons cannot register emulators." + (isGone ? " " + BringsBack(Line(machine, [architecture], image)) : "")),
            },
        };
    }

    private static string MayBeGone(string names) => $"What was registered before ({names}) may be gone.";

    private static string BringsBack(string line) => $"See whether it is there with Test-BuildxPlatform; '{line}' brings one back.";

    /// <summary>The line that registers emulators as it was asked for.</summary>
    private static string Line(EngineSite machine, IEnumerable<EmulatedArchitecture> architectures, InstallerImage image)
        => $"Register-BuildxEmulator -Platform {string.Join(", ", architectures.Select(a => a.Name))} {machine.Parameter}"
            + (image.IsUsual ? "" : $" -Image {EmulatorSite.Quote(image.Reference.ToString())}");

    private static NodeAnswer<Emulator> Unregistered(EngineSite machine, string name, bool? isRemoved, InstallerImage image, InstallerOutput output) => isRemoved switch
    {
        true => new()
        {
            Node = machine.Node.Name,
            Result = new Emulator { Name = name, Platform = EmulatedArchitecture.All.FirstOrDefault(a => a.EntryName == name)?.Platform, Builder = machine.Engine.Builder, Context = machine.Engine.Context, DockerHost = machine.Engine.DockerHost, Node = machine.Node.Name },
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
        { Builder = machine.Engine.Builder, Context = machine.Engine.Context, DockerHost = machine.Engine.DockerHost, Node = machine.Node.Name };
    }

    private InstallerRun Run(DockerDaemon daemon, InstallerImage image, Func<NodeAnswer<Emulator>, CancellationToken, ValueTask> answer)
        => new(daemon, image, FindLoginAsync, (e, token) => answer(new NodeAnswer<Emulator> { Event = e }, token), (text, token) => answer(new NodeAnswer<Emulator> { Warning = text }, token));

    private async ValueTask<RegistryCredential?> FindLoginAsync(ImageReference image, CancellationToken cancellationToken)
    {
        using var logins = new CredentialStore(_environment);
        return await logins.GetAsync(image.Registry, [$"repository:{image.Repository}:pull"], cancellationToken).ConfigureAwait(false);
    }

    private BuildxException NoDocker(BuilderHandle builder, NodeHandle node, BuilderSelection selection, EmulatorInstallation installation)
    {
        var site = EmulatorSite.Of(node, builder.Driver, builder.Name, selection, _environment);
        var where = node.Machine.IsHere ? $"this machine ({node.Machine.Address})" : node.Machine.Address;
        return new BuildxException(
            BuildxFailure.EmulationUnavailable,
            $"The engine of the node '{node.Name}' of the builder '{builder.Name}' (driver {builder.Driver}) runs at {where}, and no docker daemon there is known that could change the machine's emulators.",
            installation.IsRemoval ? "Unregister it on that machine itself, with Unregister-BuildxEmulator as root." : site.Advise(installation.Platforms is [var first, ..] ? first : null));
    }

    /// <summary>A machine and the node through which it is known.</summary>
    private sealed record EngineSite(NamedEngine Engine, NodeHandle Node, DockerDaemon Daemon, string Parameter);
}
