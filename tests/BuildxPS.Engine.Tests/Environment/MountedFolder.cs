using System.Diagnostics;

namespace BuildxPS.Engine.Tests.Environment;

/// <summary>A file system of its own in a folder, for what a full or read-only disk does. Skips the test where none can be mounted.</summary>
internal sealed class MountedFolder : IDisposable
{
    private readonly TemporaryFolder? _folder;

    private MountedFolder(string[] arguments, string? at = null)
    {
        _folder = at is null ? new TemporaryFolder() : null;
        Path = at ?? _folder!.Path;
        var (exitCode, error) = Run("mount", [.. arguments, Path]);
        if (exitCode != 0)
        {
            _folder?.Dispose();
            Assert.Skip($"Nothing can be mounted here: {error}");
        }
    }

    public string Path { get; }

    public string this[string path] => System.IO.Path.Join(Path, path);

    /// <summary>A small file system in memory.</summary>
    public static MountedFolder InMemory(string options, string? at = null)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && System.Environment.IsPrivilegedProcess, "Only root on Linux can mount a small disk.");
        return new MountedFolder(["-t", "tmpfs", "-o", options, "tmpfs"], at);
    }

    /// <summary>Another folder once more.</summary>
    public static MountedFolder Bind(string folder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && System.Environment.IsPrivilegedProcess, "Only root on Linux can mount a folder.");
        return new MountedFolder(["--bind", folder]);
    }

    public void MakeReadOnly() => Assert.Equal((0, ""), Run("mount", ["-o", "remount,ro,bind", Path]));

    public void Dispose()
    {
        // A child that a test is just starting may still have a file of it open.
        for (var attempt = 0; attempt < 50 && Run("umount", [Path]).ExitCode != 0; attempt++)
        {
            Thread.Sleep(100);
        }

        _folder?.Dispose();
    }

    private static (int ExitCode, string Error) Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error.Trim());
    }
}
