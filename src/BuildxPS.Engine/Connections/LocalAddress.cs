namespace BuildxPS.Engine.Connections;

/// <summary>Tells engines that run on this machine's kernel from those behind a socket that leads into another one.</summary>
internal static class LocalAddress
{
    private const string Scheme = "unix://";

    // Docker Desktop's engine runs in a virtual machine of its own, on Linux too.
    private static readonly string[] s_machines = ["/.docker/desktop/", "/.colima/", "/.lima/", "/.rd/", "/podman/machine/"];

    /// <summary>Whether an engine's address is on this machine, as far as an address can tell.</summary>
    /// <param name="address">The address.</param>
    /// <returns>False also where a unix socket leads into a virtual machine: elsewhere than on Linux all do.</returns>
    public static bool IsThisMachine(string address)
        => OperatingSystem.IsLinux() && address.StartsWith(Scheme, StringComparison.Ordinal) && !Array.Exists(s_machines, m => address.Contains(m, StringComparison.Ordinal));
}
