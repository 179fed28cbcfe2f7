using BuildxPS.Engine.Builds.Planning;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Emulation;

/// <summary>Finds and checks the programs that emulate. In a container there is nothing of the machine, so only a static one will do.</summary>
internal static class Interpreters
{
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode Writable = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Finds an installed one.</summary>
    /// <param name="architecture">Whose programs it is to run.</param>
    /// <param name="host">The machine.</param>
    /// <returns>Its path; null where none that can be used is installed, with what is wrong with those that are.</returns>
    public static (string? Path, IReadOnlyList<string> Problems) Find(EmulatedArchitecture architecture, EmulationHost host)
    {
        var problems = new List<string>();
        foreach (var path in Names(architecture).SelectMany(name => host.ProgramFolders.Select(folder => Path.Join(folder, name))).Where(File.Exists))
        {
            if ((FindProblem(path, host.Own) ?? FindStranger(path, host)) is not { } problem)
            {
                return (path, []);
            }

            problems.Add($"{path}: {problem}");
        }

        return (null, problems);
    }

    /// <summary>The names that distributions give to QEMU's program.</summary>
    /// <param name="architecture">Whose programs it is to run.</param>
    /// <returns>The names, the one that is static everywhere first.</returns>
    public static IReadOnlyList<string> Names(EmulatedArchitecture architecture) => [$"qemu-{architecture.Cpu}-static", $"qemu-{architecture.Cpu}"];

    /// <summary>
    /// Whose program it is. The machine's root registers it for everybody, so that one that was merely found must be root's own, and nobody
    /// else may write it; one that the user named is the user's choice.
    /// </summary>
    private static string? FindStranger(string path, EmulationHost host)
    {
        if (!host.IsRoot || LinuxNative.Status(LinuxNative.CurrentDirectory, path, 0, LinuxNative.BasicStats, out var status) != 0)
        {
            return null;
        }

        return status.UserId != host.Root ? "it does not belong to root"
            : ((UnixFileMode)status.Mode & Writable) != 0 ? "others than root may change it"
            : null;
    }

    /// <summary>Checks one.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="own">The machine's platform.</param>
    /// <returns>What is wrong with it, as the end of a sentence; null if nothing is.</returns>
    public static string? FindProblem(string path, Platform own)
    {
        try
        {
            // A pipe would be waited for.
            if (LinuxNative.Status(LinuxNative.CurrentDirectory, path, 0, LinuxNative.BasicStats, out var status) != 0 || (status.Mode & TypeMask) != RegularFile)
            {
                return "it is not a file";
            }

            using var file = File.OpenRead(path);
            var program = ElfProgram.Read(file);
            return program.Architecture is not { } made || !PlatformMatch.IsNative(made.Platform, own) ? $"it is not a program for this machine ({own})"
                : program.IsDynamic ? "it is not static: it needs a loader and libraries, which containers do not have"
                : ((UnixFileMode)status.Mode & Executable) == 0 ? "it may not be executed"
                : null;
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"it cannot be read ({DisplayText.Line(e.Message)})";
        }
    }
}
