using System.Runtime.InteropServices;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Emulation;

/// <summary>What counts of a machine for emulators of its own. Tests describe others.</summary>
internal sealed record EmulationHost
{
    private static readonly string[] s_usualFolders = ["/usr/bin", "/bin", "/usr/local/bin"];

    /// <summary>Its operating system's name, for messages.</summary>
    public required string System { get; init; }

    /// <summary>Whether it runs Linux.</summary>
    public required bool IsLinux { get; init; }

    /// <summary>Whether this process may change what belongs to the whole machine.</summary>
    public required bool IsRoot { get; init; }

    /// <summary>Whose files are its root's; tests are not always run as root.</summary>
    public uint Root { get; init; }

    /// <summary>The kernel's version.</summary>
    public required Version Kernel { get; init; }

    /// <summary>The platform of its processor.</summary>
    public required Platform Own { get; init; }

    /// <summary>The kernel's list of interpreters.</summary>
    public required BinfmtTable Table { get; init; }

    /// <summary>Folders in which interpreters are looked for, in order.</summary>
    public required IReadOnlyList<string> ProgramFolders { get; init; }

    /// <summary>Mounts the list of interpreters at a folder.</summary>
    public Action<string> Mount { get; init; } = BinfmtMount.Mount;

    /// <summary>This machine.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The machine, as it is now.</returns>
    public static EmulationHost Read(ClientEnvironment environment) => new()
    {
        System = OperatingSystem.IsWindows() ? "Windows" : OperatingSystem.IsMacOS() ? "macOS" : RuntimeInformation.OSDescription,
        IsLinux = OperatingSystem.IsLinux(),
        IsRoot = Environment.IsPrivilegedProcess,
        Kernel = Environment.OSVersion.Version,
        Own = Platform.Local,
        Table = new BinfmtTable(BinfmtTable.UsualFolder),
        // Never relative to where the user stands, and the system's own first: what is registered runs with the rights of whoever calls it.
        ProgramFolders = [.. s_usualFolders.Concat((environment["PATH"] ?? "").Split(Path.PathSeparator).Where(Path.IsPathFullyQualified)).Distinct(StringComparer.Ordinal)],
    };
}
