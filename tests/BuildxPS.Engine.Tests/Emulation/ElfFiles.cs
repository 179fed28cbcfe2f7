using BuildxPS.Engine.Emulation;

namespace BuildxPS.Engine.Tests.Emulation;

/// <summary>Programs to read.</summary>
internal static class ElfFiles
{
    private const int TypeOfFirstEntry = 64;
    private const uint Interpreter = 3;

    public static EmulatedArchitecture Architecture(string name) => EmulatedArchitecture.All.Single(a => a.Name == name);

    /// <summary>A static program for a processor.</summary>
    public static byte[] Static(string architecture = "amd64") => ProbeProgram.Create(Architecture(architecture));

    /// <summary>A static program for amd64 that says which QEMU it is.</summary>
    public static byte[] Qemu(string cpu = "aarch64", string version = "7.2.22") => [.. Static(), 0, .. System.Text.Encoding.ASCII.GetBytes($"qemu-{cpu} version {version} (Debian)\n"), 0];

    /// <summary>A program for amd64 that names a loader.</summary>
    public static byte[] Dynamic()
    {
        var file = Static();
        BitConverter.TryWriteBytes(file.AsSpan(TypeOfFirstEntry), Interpreter);
        return file;
    }
}
