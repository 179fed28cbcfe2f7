using System.Runtime.InteropServices;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// Windows and macOS through .NET's file API. It does not tell how many names a file has, so hard links travel as files, and
/// it knows no extended attributes.
/// </summary>
internal sealed partial class PortableFileSystem : IFileSystem
{
    /// <inheritdoc/>
    public FileStatus? Status(string path)
    {
        FileSystemInfo info = new FileInfo(path);
        if ((int)info.Attributes == -1)
        {
            return null;
        }

        var isLink = info.LinkTarget is not null;
        var isDirectory = (info.Attributes & FileAttributes.Directory) != 0;
        var mode = OperatingSystem.IsWindows()
            ? UnixFileModes.FromWindows(info.Attributes, isLink)
            : UnixFileModes.FromUnix((uint)info.UnixFileMode | (isLink ? 0xA000u : isDirectory ? 0x4000u : SpecialType(path)));
        return new FileStatus
        {
            Mode = mode,
            Size = isDirectory || isLink ? 0 : ((FileInfo)info).Length,
            ModifiedNanoseconds = (info.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks * 100,
            LinkCount = 1,
        };
    }

    /// <inheritdoc/>
    public string ReadLink(string path)
    {
        var target = new FileInfo(path).LinkTarget ?? throw new IOException($"It is no symbolic link: {path}");
        return OperatingSystem.IsWindows() ? target.Replace('\\', '/') : target;
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes(string path) => null;

    /// <inheritdoc/>
    public void DemandWrite(string folder)
    {
        // Rights come from lists, the share and the volume: only trying tells.
        var probe = Path.Combine(folder, $".buildxps-{Guid.NewGuid():N}");
        using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
        {
        }
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        if (Path.Exists(path))
        {
            throw new IOException($"It exists: {path}");
        }

        _ = OperatingSystem.IsWindows()
            ? Directory.CreateDirectory(path)
            : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <inheritdoc/>
    public void CreateSymbolicLink(string path, string target, bool isDirectory)
    {
        target = OperatingSystem.IsWindows() ? target.Replace('/', '\\') : target;
        _ = isDirectory ? Directory.CreateSymbolicLink(path, target) : File.CreateSymbolicLink(path, target);
    }

    /// <inheritdoc/>
    public void CreateHardLink(string path, string existing)
    {
        var made = OperatingSystem.IsWindows() ? WindowsHardLink(path, existing, 0) : LinuxNative.HardLink(existing, path) == 0;
        if (!made)
        {
            throw new IOException($"{Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}: {path}");
        }
    }

    /// <inheritdoc/>
    public void CreateSpecial(string path, FileEntry entry) =>
        throw new IOException($"Named pipes and devices cannot be made on this platform: {path}");

    /// <inheritdoc/>
    public void Rename(string path, string newPath)
    {
        if (Directory.Exists(path) && new FileInfo(path).LinkTarget is null)
        {
            Directory.Move(path, newPath);
        }
        else
        {
            File.Move(path, newPath, overwrite: true);
        }
    }

    /// <inheritdoc/>
    public void SetMetadata(string path, FileEntry entry)
    {
        if ((entry.Mode & FileEntryMode.Symlink) != 0)
        {
            return;
        }

        var modified = DateTime.UnixEpoch.AddTicks(entry.ModifiedNanoseconds / 100);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)(UnixFileModes.ToUnix(entry.Mode) & 0xFFF));
        }

        if ((entry.Mode & FileEntryMode.Directory) != 0)
        {
            Directory.SetLastWriteTimeUtc(path, modified);
        }
        else
        {
            File.SetLastWriteTimeUtc(path, modified);
        }
    }

    /// <inheritdoc/>
    public ITargetTree OpenTarget(string root) => new PortableTargetTree(root, this);

    /// <inheritdoc/>
    public string? NameProblem(ReadOnlySpan<char> name) => OperatingSystem.IsWindows() ? WindowsNames.Problem(name) : null;

    // .NET tells no more than "not a regular file" for what is neither file, folder nor link.
    private static uint SpecialType(string path) =>
        (File.GetAttributes(path) & (FileAttributes.Device | FileAttributes.Normal)) == FileAttributes.Device ? 0x1000u : 0x8000u;

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool WindowsHardLink(string path, string existing, nint security);
}
