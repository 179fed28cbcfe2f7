namespace BuildxPS.Engine.Diagnostics.Catalogue;

/// <content>What goes wrong with emulators for other processors themselves; builds that lack one are with the builds.</content>
public static partial class FailureCatalogue
{
    private static FailureEntry[] Emulators() =>
    [
        new(BuildxFailure.EmulatorExists, FailureCategory.ResourceExists,
            "An emulator for the platform is registered already",
            "The kernel has an entry for that processor. The message names it, and whether containers can use it.")
        { Advice = "Nothing is to be done where containers can use it; else Register-BuildxEmulator -Force replaces it." },
        new(BuildxFailure.EmulatorNotFound, FailureCategory.ObjectNotFound,
            "No such emulator is registered",
            "The kernel, or the installer image on the engine's machine, knows no entry of that name or for that platform.")
        { Advice = "List the emulators with Get-BuildxEmulator." },
        new(BuildxFailure.EmulatorNotNeeded, FailureCategory.InvalidOperation,
            "The machine runs the platform's programs by itself",
            "The kernel prefers a registered interpreter to the processor, so that one for the machine's own programs would take over all of them.")
        { Advice = "Register emulators for other platforms only." },
        new(BuildxFailure.InterpreterNotFound, FailureCategory.NotInstalled,
            "The program that is to emulate is not installed",
            "QEMU's user mode emulator for the processor was looked for in PATH, or -Interpreter names a file that is not there.")
        { Advice = "Install a static QEMU (Debian, Ubuntu: apt install qemu-user-static), name one with -Interpreter, or give -Builder to let a docker daemon bring it." },
        new(BuildxFailure.InterpreterInvalid, FailureCategory.InvalidData,
            "The program that is to emulate cannot be used",
            "It is no program for this machine's processor, or is not static: in a container there are neither its loader nor its libraries.")
        { Advice = "Use a static QEMU of this machine's architecture (Debian, Ubuntu: apt install qemu-user-static)." },
        new(BuildxFailure.EmulationDenied, FailureCategory.PermissionDenied,
            "This user may not change the machine's emulators",
            "They are for the whole machine, so that only its root may; root of a container that was not started with --privileged may not either.")
        { Advice = "Run PowerShell as root of the machine, or give -Builder to let its docker daemon do it." },
        new(BuildxFailure.EmulationUnavailable, FailureCategory.ResourceUnavailable,
            "Emulators cannot be had there",
            "The machine is no Linux, its kernel lacks binfmt_misc or is older than 4.8, or the engine is on a machine that has no docker daemon to ask. The message says where the engine runs.")
        { Advice = "Name a builder on a docker daemon with -Builder, or register the emulator on the engine's machine itself." },
        new(BuildxFailure.EmulatorInstallFailed, FailureCategory.InvalidResult,
            "The image that was to register emulators did not do it",
            "It runs in a privileged container on the engine's machine; what it printed is in the message.")
        { Advice = "Read what it printed; -Image names another image, and rootless daemons cannot register emulators." },
    ];
}
