using System.Diagnostics;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Environment;

/// <summary>A user without any rights, for tests that run as root.</summary>
internal static class OtherUser
{
    private const string Id = "65534";

    /// <summary>The start of a command that runs as that user; skips the test where that cannot be.</summary>
    /// <param name="folder">A folder that the user shall be able to enter.</param>
    public static string[] Command(string folder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && System.Environment.IsPrivilegedProcess, "Only root can be another user for a while.");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0x1ED);
        }

        string[] command = ["setpriv", "--reuid", Id, "--regid", Id, "--clear-groups"];
        var start = new ProcessStartInfo(command[0], [.. command[1..], "test", "-r", typeof(OtherUser).Assembly.Location]);
        using var process = Process.Start(start)!;
        process.WaitForExit();
        Assert.SkipUnless(process.ExitCode == 0, "Another user cannot read the folder that the tests are in.");
        return command;
    }

    /// <summary>Gives something to that user.</summary>
    public static void Give(string path) => Assert.Equal(0, LinuxNative.ChangeOwner(path, 65534, 65534));
}
