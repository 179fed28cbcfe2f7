using BuildxPS.Engine.Sessions.Files.Outputs;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder() => Path = Directory.CreateTempSubdirectory("buildxps-test-").FullName;

    public string Path { get; }

    public string this[string path] => System.IO.Path.Join(Path, path);

    public TempFolder File(string path, string content = "", int mode = 0x1A4)
    {
        Folder(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllText(this[path], content);
        if (!OperatingSystem.IsWindows())
        {
            System.IO.File.SetUnixFileMode(this[path], (UnixFileMode)mode);
        }

        return this;
    }

    public TempFolder Folder(string path)
    {
        Directory.CreateDirectory(this[path]);
        return this;
    }

    public TempFolder Link(string path, string target)
    {
        Folder(System.IO.Path.GetDirectoryName(path)!);
        IFileSystem.Current.CreateSymbolicLink(this[path], target, isDirectory: false);
        return this;
    }

    public TempFolder HardLink(string path, string existing)
    {
        Folder(System.IO.Path.GetDirectoryName(path)!);
        IFileSystem.Current.CreateHardLink(this[path], this[existing]);
        return this;
    }

    public void Dispose() => Staging.TryRemove(Path);
}
