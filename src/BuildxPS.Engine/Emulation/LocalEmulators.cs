using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Emulation;

/// <summary>The emulators of this machine: what its kernel has in binfmt_misc.</summary>
public sealed class LocalEmulators
{
    // The kernel opens an interpreter at its registration (F) since 4.8, and since 5.12 tells it that the name comes along (P).
    private static readonly Version s_fixesInterpreter = new(4, 8);
    private static readonly Version s_tellsName = new(5, 12);

    private readonly ClientEnvironment _environment;
    private readonly EmulationHost _host;

    /// <summary>Creates it. Nothing is read.</summary>
    /// <param name="environment">The client's surroundings.</param>
    public LocalEmulators(ClientEnvironment environment)
        : this(environment, EmulationHost.Read(environment))
    {
    }

    /// <summary>Creates it for a machine that is described.</summary>
    internal LocalEmulators(ClientEnvironment environment, EmulationHost host)
    {
        _environment = environment;
        _host = host;
    }

    /// <summary>Reads what is registered.</summary>
    /// <returns>The emulators; with a warning instead where they cannot be seen.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulationUnavailable"/>: this is no Linux.</exception>
    public EmulatorSurvey Read()
    {
        RequireLinux("arm64");
        var isOn = _host.Table.IsSwitchedOn;
        return new EmulatorSurvey
        {
            Emulators = [.. _host.Table.Read().Where(e => e.IsEmulator).Select(e => ToEmulator(e, isOn))],
            Warnings = [.. Warnings(isOn)],
        };
    }

    /// <summary>Finds out how an emulator can be registered. Nothing is changed.</summary>
    /// <param name="platform">Whose programs it is to run.</param>
    /// <param name="interpreter">The interpreter's path; null looks for an installed QEMU.</param>
    /// <param name="force">Whether what is registered for the platform is replaced.</param>
    /// <returns>What <see cref="Register"/> takes.</returns>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.PlatformInvalid"/>, <see cref="BuildxFailure.EmulatorNotNeeded"/>, <see cref="BuildxFailure.EmulatorExists"/>,
    /// <see cref="BuildxFailure.InterpreterNotFound"/>, <see cref="BuildxFailure.InterpreterInvalid"/>, <see cref="BuildxFailure.EmulationUnavailable"/>.
    /// </exception>
    public EmulatorRegistration Plan(Platform platform, string? interpreter, bool force)
    {
        ArgumentNullException.ThrowIfNull(platform);
        RequireLinux(platform.Architecture);
        RequireKernel();
        var architecture = EmulatedPlatforms.ArchitectureOf(platform);
        EmulatedPlatforms.RequireForeign(architecture, _host.Own, "this machine", force);
        var registered = _host.Table.Read().Where(e => e.Name == architecture.EntryName || e.Architecture == architecture).ToList();
        if (registered.Count > 0 && !force)
        {
            throw Exists(platform, registered);
        }

        return new EmulatorRegistration
        {
            Platform = platform,
            Name = architecture.EntryName,
            Interpreter = interpreter is null ? FindInterpreter(architecture) : CheckInterpreter(interpreter),
            Flags = _host.Kernel < s_tellsName ? "OCF" : "POCF",
            Replaced = [.. registered.Select(e => e.Name)],
            MountPoint = _host.Table.IsMounted ? null : _host.Table.Folder,
        };
    }

    /// <summary>Registers an emulator with the kernel.</summary>
    /// <param name="registration">How.</param>
    /// <returns>The emulator, as the kernel shows it.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulationDenied"/>, or <see cref="BuildxFailure.EmulationUnavailable"/> where the kernel refuses; what was there before is there again.</exception>
    public Emulator Register(EmulatorRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        RequireRoot("register", $"Register-BuildxEmulator -Platform {registration.Platform.Architecture}");
        if (registration.MountPoint is { } folder && !_host.Table.IsMounted)
        {
            _host.Mount(folder);
        }

        var architecture = EmulatedPlatforms.ArchitectureOf(registration.Platform);
        var former = _host.Table.Read().Where(e => registration.Replaced.Contains(e.Name)).ToList();
        var entry = new BinfmtEntry
        {
            Name = registration.Name,
            Interpreter = registration.Interpreter,
            Flags = registration.Flags,
            Magic = architecture.Magic,
            Mask = architecture.Mask,
        };
        try
        {
            former.ForEach(e => _host.Table.Remove(e.Name));
            _host.Table.Add(entry);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Restore(former);
            throw Refused($"refuses the emulator {entry.Name} ({entry.Interpreter})", e);
        }

        var read = _host.Table.Read().FirstOrDefault(e => e.Name == entry.Name) ?? entry;
        return ToEmulator(read, _host.Table.IsSwitchedOn);
    }

    /// <summary>Takes an emulator out of the kernel's list.</summary>
    /// <param name="name">The entry's name, as <see cref="Read"/> gives it.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulatorNotFound"/>, <see cref="BuildxFailure.EmulationDenied"/> or <see cref="BuildxFailure.EmulationUnavailable"/>.</exception>
    public void Unregister(string name)
    {
        RequireLinux("arm64");
        if (!_host.Table.Read().Any(e => e.Name == name && e.IsEmulator))
        {
            throw NotFound($"no emulator '{DisplayText.Line(name)}'");
        }

        RequireRoot("unregister", $"Unregister-BuildxEmulator {name}");
        try
        {
            _host.Table.Remove(name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused($"does not let the emulator {name} go", e);
        }
    }

    /// <summary>The failure that nothing is registered as was said.</summary>
    /// <param name="what">What there is not, for example <c>no emulator 'x'</c>.</param>
    /// <returns>The failure; it lists what there is.</returns>
    public BuildxException NotFound(string what)
    {
        var names = _host.Table.Read().Where(e => e.IsEmulator).Select(e => e.Name).ToList();
        var there = !_host.Table.IsMounted ? $"binfmt_misc is not mounted at {_host.Table.Folder}"
            : names.Count == 0 ? "there is none at all"
            : $"there is: {DisplayText.Line(string.Join(", ", names))}";
        return new BuildxException(BuildxFailure.EmulatorNotFound, $"This machine has {what}; {there}.", "List the emulators with Get-BuildxEmulator.");
    }

    /// <summary>The installed interpreter for a platform, for completion.</summary>
    internal string? FindInstalled(EmulatedArchitecture architecture) => _host.IsLinux ? Interpreters.Find(architecture, _host).Path : null;

    private static Emulator ToEmulator(BinfmtEntry entry, bool isOn) => new()
    {
        Name = DisplayText.Line(entry.Name, 100),
        Platform = entry.Architecture?.Platform,
        Interpreter = DisplayText.Line(entry.Interpreter, 1920),
        Flags = DisplayText.Line(entry.Flags, 20),
        IsEnabled = entry.IsEnabled && isOn,
        WorksInContainers = entry.IsEnabled && isOn && entry.WorksInContainers,
        Magic = Convert.ToHexStringLower(entry.Magic),
        Mask = Convert.ToHexStringLower(entry.Mask),
    };

    private IEnumerable<string> Warnings(bool isOn)
    {
        if (!_host.Table.HasPlace)
        {
            yield return $"This kernel has no binfmt_misc ({_host.Table.Folder} is missing), so that it runs programs of its own processor only. Load the module: modprobe binfmt_misc.";
        }
        else if (!_host.Table.IsMounted)
        {
            yield return $"binfmt_misc is not mounted at {_host.Table.Folder}, so that it cannot be seen which emulators there are. Register-BuildxEmulator mounts it; so does, as root: mount -t binfmt_misc binfmt_misc {_host.Table.Folder}";
        }
        else if (!isOn)
        {
            yield return $"binfmt_misc is switched off, so that no emulator is used. Switch it on as root: echo 1 > {_host.Table.Folder}/status";
        }

        if (_host.Kernel < s_fixesInterpreter)
        {
            yield return $"The kernel is {_host.Kernel}: before {s_fixesInterpreter} it looks for emulators in the container, so that builds cannot use them. Use a newer kernel.";
        }
    }

    private void RequireLinux(string architecture)
    {
        if (!_host.IsLinux)
        {
            var (name, address) = FindBuilder();
            throw new BuildxException(
                BuildxFailure.EmulationUnavailable,
                $"This machine runs {_host.System}. Emulators belong to the Linux kernel that runs the containers: the engine of the builder '{name}' is at {address}.",
                $"Name the builder: Get-BuildxEmulator -Builder {name} lists what it runs, Register-BuildxEmulator -Platform {architecture} -Builder {name} registers an emulator on its engine's machine.");
        }
    }

    private void RequireKernel()
    {
        if (_host.Kernel < s_fixesInterpreter)
        {
            throw new BuildxException(
                BuildxFailure.EmulationUnavailable,
                $"This machine's kernel is {_host.Kernel}: containers can use emulators since {s_fixesInterpreter}, which brought the flag F.",
                "Use a newer kernel, or build on a node of that processor (Add-BuildxNode).");
        }
    }

    private void RequireRoot(string what, string line)
    {
        if (!_host.IsRoot)
        {
            throw new BuildxException(
                BuildxFailure.EmulationDenied,
                $"Only root may {what} emulators: they are for the whole machine.",
                $"Run PowerShell as root (sudo pwsh), or let the docker daemon of the builder do it: {line} -Builder {FindBuilder().Name}.");
        }
    }

    private (string Name, string Address) FindBuilder()
    {
        try
        {
            var builder = new BuilderCatalog(_environment).FindLocal(new BuilderSelection());
            var endpoint = builder.Nodes is [var node, ..] ? node.Endpoint : "";
            return (builder.Name, builder.IsContext ? new ContextCatalog(_environment).Resolve(new BuilderSelection()).Endpoint?.Address ?? endpoint : endpoint);
        }
        catch (BuildxException)
        {
            return ("NAME", "an address that the configuration does not tell");
        }
    }

    private BuildxException Exists(Platform platform, List<BinfmtEntry> registered)
    {
        var isOn = _host.Table.IsSwitchedOn;
        var entry = registered.Find(e => e.IsEnabled && e.WorksInContainers) ?? registered[0];
        var what = $"An emulator for {platform} is registered already: {DisplayText.Line(entry.Name, 100)} ({DisplayText.Line(entry.Interpreter)}, flags {DisplayText.Line(entry.Flags, 20)})";
        var line = $"Register-BuildxEmulator -Platform {platform.Architecture} -Force";
        return entry is { IsEnabled: true, WorksInContainers: true }
            ? new BuildxException(
                BuildxFailure.EmulatorExists,
                isOn ? $"{what}." : $"{what}; binfmt_misc as a whole is switched off.",
                isOn ? $"Nothing is to be done; '{line}' replaces it." : $"Switch binfmt_misc on: echo 1 > {_host.Table.Folder}/status.")
            : new BuildxException(
                BuildxFailure.EmulatorExists,
                $"{what}, {(entry.IsEnabled ? "without the flag F, so that containers cannot use it" : "and it is switched off")}.",
                $"Replace it: '{line}'.");
    }

    private string FindInterpreter(EmulatedArchitecture architecture)
    {
        var (path, problems) = Interpreters.Find(architecture, _host);
        if (path is not null)
        {
            return path;
        }

        var others = $"name one with -Interpreter, or let a docker daemon of this machine bring it: Register-BuildxEmulator -Platform {architecture.Name} -Builder {FindBuilder().Name}.";
        return problems.Count > 0
            ? throw new BuildxException(
                BuildxFailure.InterpreterInvalid,
                $"No installed QEMU can be used in containers for linux/{architecture.Name}: {string.Join("; ", problems)}.",
                $"Install the static one (Debian, Ubuntu: apt install qemu-user-static), {others}")
            : throw new BuildxException(
                BuildxFailure.InterpreterNotFound,
                $"No QEMU for linux/{architecture.Name} is installed on this machine: neither {string.Join(" nor ", Interpreters.Names(architecture))} is in PATH.",
                $"Install it (Debian, Ubuntu: apt install qemu-user-static), {others}");
    }

    private string CheckInterpreter(string path)
    {
        if (!File.Exists(path))
        {
            throw new BuildxException(BuildxFailure.InterpreterNotFound, $"There is no interpreter '{DisplayText.Line(path)}'.", "Give -Interpreter the path of a static QEMU of this machine, or leave it out to use an installed one.");
        }

        return Interpreters.FindProblem(path, _host.Own) is { } problem
            ? throw new BuildxException(
                BuildxFailure.InterpreterInvalid,
                $"The interpreter '{DisplayText.Line(path)}' cannot be used: {problem}.",
                "Give -Interpreter the path of a static QEMU for this machine's processor (Debian, Ubuntu: the package qemu-user-static).")
            : path;
    }

    private void Restore(List<BinfmtEntry> former)
    {
        foreach (var entry in former.Where(e => _host.Table.Read().All(r => r.Name != e.Name)))
        {
            try
            {
                _host.Table.Add(entry);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its interpreter is gone, or the kernel takes none at all; the first failure tells more.
            }
        }
    }

    private static BuildxException Refused(string what, Exception inner) => inner is UnauthorizedAccessException
        ? new BuildxException(
            BuildxFailure.EmulationDenied,
            $"The kernel {what}: {DisplayText.Line(inner.Message)}",
            "Run this as root of the machine; in a container, it takes one that was started with --privileged.",
            inner)
        : new BuildxException(
            BuildxFailure.EmulationUnavailable,
            $"The kernel {what}: {DisplayText.Line(inner.Message)}",
            "See the kernel's words in the message; in a container /proc may be mounted read-only, which takes one that was started with --privileged.",
            inner);
}
