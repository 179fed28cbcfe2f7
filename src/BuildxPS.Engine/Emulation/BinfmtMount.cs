using System.ComponentModel;
using System.Runtime.InteropServices;

namespace BuildxPS.Engine.Emulation;

/// <summary>Mounts binfmt_misc, which not every system does at its start.</summary>
internal static partial class BinfmtMount
{
    private const string FileSystem = "binfmt_misc";
    private const int NotPermitted = 1;
    private const int NoDevice = 19;

    /// <summary>Mounts it.</summary>
    /// <param name="folder">Where.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.EmulationDenied"/> or <see cref="BuildxFailure.EmulationUnavailable"/>.</exception>
    public static void Mount(string folder)
    {
        if (Mount(FileSystem, folder, FileSystem, 0, 0) == 0)
        {
            return;
        }

        var error = Marshal.GetLastPInvokeError();
        var reason = $"binfmt_misc cannot be mounted at {folder}: {new Win32Exception(error).Message}.";
        throw error == NotPermitted
            ? new BuildxException(BuildxFailure.EmulationDenied, reason, "Run this as root of the machine; in a container, it takes one that was started with --privileged.")
            : new BuildxException(
                BuildxFailure.EmulationUnavailable,
                reason,
                error == NoDevice
                    ? "Load the kernel's module (modprobe binfmt_misc), or use a kernel that has it."
                    : "See whether the kernel has binfmt_misc (modprobe binfmt_misc), and mount it by hand.");
    }

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, nuint flags, nint data);
}
