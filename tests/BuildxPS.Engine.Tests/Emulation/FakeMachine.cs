using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Emulation;
using BuildxPS.Engine.Sessions.Files.Systems;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Emulation;

/// <summary>A machine that is described: a folder stands for what the kernel shows of binfmt_misc, and shows what was written to it.</summary>
internal sealed class FakeMachine : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FakeMachine(bool isMounted = true)
    {
        Directory.CreateDirectory(Table);
        Directory.CreateDirectory(Programs);
        Host = new EmulationHost
        {
            System = "Linux",
            IsLinux = true,
            IsRoot = true,
            Kernel = new Version(6, 1),
            Own = Platform.Parse("linux/amd64"),
            Table = new BinfmtTable(Table),
            Root = Owner(Programs),
            ProgramFolders = [Programs],
            Mount = _ => Mount(),
        };
        if (isMounted)
        {
            Mount();
        }
    }

    public EmulationHost Host { get; set; }

    public string Table => Path.Join(_folder.Path, "binfmt_misc");

    public string Programs => Path.Join(_folder.Path, "bin");

    /// <summary>What was written to register a program.</summary>
    public string Registration => File.ReadAllText(Path.Join(Table, "register"));

    public LocalEmulators Emulators => new(Environment, Host);

    public ClientEnvironment Environment => new()
    {
        Variables = new Dictionary<string, string> { ["DOCKER_HOST"] = "tcp://far.test:2375", ["DOCKER_CONFIG"] = _folder.Path, ["BUILDX_CONFIG"] = _folder.Path },
        HomeDirectory = _folder.Path,
    };

    public void Add(string name, string magic, string flags, string status = "enabled", string interpreter = "/usr/bin/qemu")
        => File.WriteAllText(
            Path.Join(Table, name),
            $"{status}\ninterpreter {interpreter}\nflags: {flags}\noffset 0\nmagic {magic}\nmask ffffffffffffff00fffffffffffffffffeffffff\n");

    public string Entry(string name) => File.ReadAllText(Path.Join(Table, name));

    /// <summary>Puts a program there that may be executed.</summary>
    public string AddProgram(string name, byte[] content, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserExecute)
    {
        var path = Path.Join(Programs, name);
        File.WriteAllBytes(path, content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }

        return path;
    }

    public void Dispose() => _folder.Dispose();

    private static uint Owner(string path)
        => OperatingSystem.IsLinux() && LinuxNative.Status(LinuxNative.CurrentDirectory, path, 0, LinuxNative.BasicStats, out var status) == 0 ? status.UserId : 0;

    private void Mount()
    {
        File.WriteAllText(Path.Join(Table, "register"), "");
        File.WriteAllText(Path.Join(Table, "status"), "enabled\n");
    }
}
