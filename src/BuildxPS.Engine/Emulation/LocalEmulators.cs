using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Emulation;

/// <summary>The emulators of this machine: what its kernel has in binfmt_misc.</summary>
public sealed partial class LocalEmulators
{
    // Of the interpreters, QEMU listens to that since 6.0; any other would take the name for an argument of the program.
    private const int FirstToldName = 6;

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
        RequireLinux("Register-BuildxEmulator -Platform arm64");
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
        RequireLinux($"Register-BuildxEmulator -Platform {platform.Architecture}");
        RequireKernel();
        var architecture = EmulatedPlatforms.ArchitectureOf(platform);
        EmulatedPlatforms.RequireForeign(architecture, _host.Own, "this machine", force);
        var registered = RegisteredFor(architecture);
        if (registered.Count > 0 && !force)
        {
            throw Exists(platform, registered);
        }

        var program = interpreter is null ? FindInterpreter(architecture) : CheckInterpreter(interpreter);
        return new EmulatorRegistration
        {
            Platform = platform,
            Name = architecture.EntryName,
            Interpreter = program,
            Flags = _host.Kernel >= s_tellsName && QemuVersion.FindMajor(program, architecture) >= FirstToldName ? "POCF" : "OCF",
            Force = force,
            Replaced = [.. registered.Select(e => e.Name)],
            MountPoint = _host.Table.IsMounted ? null : _host.Table.Folder,
        };
    }

    /// <summary>Registers an emulator with the kernel.</summary>
    /// <param name="registration">How.</param>
    /// <returns>The emulator, as the kernel shows it.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulationDenied"/>, <see cref="BuildxFailure.EmulatorExists"/>, or <see cref="BuildxFailure.EmulationUnavailable"/> where the kernel refuses; what was there before is there again, or the message says that it is not.</exception>
    public Emulator Register(EmulatorRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        RequireRoot("register", $"Register-BuildxEmulator -Platform {registration.Platform.Architecture}");
        if (registration.MountPoint is { } folder && !_host.Table.IsMounted)
        {
            _host.Mount(folder);
        }

        var architecture = EmulatedPlatforms.ArchitectureOf(registration.Platform);
        // Read again: where it was not mounted, the kernel may have had entries that nobody saw.
        var former = RegisteredFor(architecture);
        if (former.Count > 0 && !registration.Force)
        {
            throw Exists(registration.Platform, former);
        }

        var entry = new BinfmtEntry
        {
            Name = registration.Name,
            Interpreter = registration.Interpreter,
            Flags = registration.Flags,
            Magic = architecture.Magic,
            Mask = architecture.Mask,
        };
        if (former.Count > 0)
        {
            Replace(former, entry);
        }
        else
        {
            Add(entry, registration.Platform);
        }

        var read = _host.Table.Read().FirstOrDefault(e => e.Name == entry.Name) ?? entry;
        return ToEmulator(read, _host.Table.IsSwitchedOn);
    }

    /// <summary>Takes an emulator out of the kernel's list.</summary>
    /// <param name="name">The entry's name, as <see cref="Read"/> gives it.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulatorNotFound"/>, <see cref="BuildxFailure.EmulationDenied"/> or <see cref="BuildxFailure.EmulationUnavailable"/>.</exception>
    public void Unregister(string name)
    {
        RequireLinux($"Unregister-BuildxEmulator {EmulatorSite.Quote(name)}");
        if (!_host.Table.Read().Any(e => e.Name == name && e.IsEmulator))
        {
            throw NotNamed(name);
        }

        RequireRoot("unregister", $"Unregister-BuildxEmulator {EmulatorSite.Quote(name)}");
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
    public BuildxException NotFound(string what) => NotFound(what, "List the emulators with Get-BuildxEmulator.");

    /// <summary>The failure that an emulator that is to be unregistered is not there; it tells who gave a platform how that is done.</summary>
    /// <param name="name">What was given as its name.</param>
    /// <returns>The failure; it lists what there is.</returns>
    public BuildxException NotNamed(string name) => NotFound(
        $"no emulator '{DisplayText.Line(name)}'",
        EmulatedArchitecture.All.FirstOrDefault(a => a.Name == name) is { } meant
            ? $"Platforms are named with -Platform: Unregister-BuildxEmulator -Platform {meant.Name}."
            : "List the emulators with Get-BuildxEmulator.");

    private BuildxException NotFound(string what, string advice)
    {
        var names = _host.Table.Read().Where(e => e.IsEmulator).Select(e => e.Name).ToList();
        var there = !_host.Table.IsMounted ? $"binfmt_misc is not mounted at {_host.Table.Folder}"
            : names.Count == 0 ? "there is none at all"
            : $"there is: {DisplayText.Line(string.Join(", ", names))}";
        return new BuildxException(BuildxFailure.EmulatorNotFound, $"This machine has {what}; {there}.", advice);
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

    private List<BinfmtEntry> RegisteredFor(EmulatedArchitecture architecture)
        => [.. _host.Table.Read().Where(e => e.Name == architecture.EntryName || e.Architecture == architecture)];
}
