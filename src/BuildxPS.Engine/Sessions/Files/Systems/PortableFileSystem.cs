using System.Runtime.InteropServices;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>
/// Windows and macOS through .NET's file API. It does not tell how many names a file has, so hard links travel as files, and
/// it knows no extended attributes.
/// </summary>
internal sealed partial class PortableFileSystem : IFileSystem
{
    /// <summary>What is wrong with a name that is no text.</summary>
    internal const string NotText = "is not valid UTF-8, and names here are text";
    private const int WindowsSharing = unchecked((int)0x80070020);
    private const int MacWouldBlock = 35;

    /// <inheritdoc/>
    public bool BackslashSeparates => OperatingSystem.IsWindows();

    /// <inheritdoc/>
    public ISourceTree OpenTree(string root) => new PortableSourceTree(root, this);

    /// <inheritdoc/>
    public FileStatus? Status(string path)
    {
        FileSystemInfo info = new FileInfo(path);
        if ((int)info.Attributes == -1)
        {
            return null;
        }

        var target = (info.Attributes & FileAttributes.ReparsePoint) != 0 ? info.LinkTarget : null;
        if (OperatingSystem.IsWindows())
        {
            return WindowsEntry.Status(info.Attributes, target, () => ((FileInfo)info).Length, info.LastWriteTimeUtc) with
            {
                ChangedNanoseconds = Math.Max(Nanoseconds(info.LastWriteTimeUtc), Nanoseconds(info.CreationTimeUtc)),
                BornNanoseconds = Nanoseconds(info.CreationTimeUtc),
            };
        }

        var isDirectory = (info.Attributes & FileAttributes.Directory) != 0;
        return new FileStatus
        {
            Mode = UnixFileModes.FromUnix((uint)info.UnixFileMode | (target is not null ? 0xA000u : isDirectory ? 0x4000u : SpecialType(path))),
            Size = isDirectory || target is not null ? 0 : ((FileInfo)info).Length,
            ModifiedNanoseconds = Nanoseconds(info.LastWriteTimeUtc),
            ChangedNanoseconds = Math.Max(Nanoseconds(info.LastWriteTimeUtc), Nanoseconds(info.CreationTimeUtc)),
            BornNanoseconds = Nanoseconds(info.CreationTimeUtc),
            LinkCount = 1,
        };
    }

    /// <inheritdoc/>
    public string ReadLink(string path)
    {
        var target = new FileInfo(path).LinkTarget ?? throw new IOException($"It is no symbolic link: {path}");
        return OperatingSystem.IsWindows() ? WindowsEntry.LinkTarget(target) : target;
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
        if (NameBytes.IsRaw(target))
        {
            throw new IOException($"the target of this link {NotText}.");
        }

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
    public ITargetTree OpenTarget(string root, string destination) => new PortableTargetTree(root, this);

    /// <inheritdoc/>
    public string Machine => Environment.MachineName;

    /// <inheritdoc/>
    public void DemandWriteFile(string file)
    {
        using (new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 0))
        {
        }
    }

    /// <inheritdoc/>
    public bool TryExchange(string path, string other) => false;

    /// <inheritdoc/>
    public void CopyOwner(string path, FileStatus owner)
    {
    }

    /// <inheritdoc/>
    public bool IsOwn(FileStatus status) => true;

    /// <inheritdoc/>
    public FileStream? TryLock(string path, bool create)
    {
        try
        {
            return new FileStream(path, create ? FileMode.CreateNew : FileMode.Open, FileAccess.ReadWrite, FileShare.None, 0);
        }
        catch (IOException e) when (e.HResult is WindowsSharing or MacWouldBlock or LinuxNative.WouldBlock)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public bool IsLocal(string folder) => new DriveInfo(folder).DriveType is DriveType.Fixed or DriveType.Ram;

    /// <inheritdoc/>
    public void SetPermissions(string folder, FileEntryMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)(UnixFileModes.ToUnix(mode) & 0xFFF));
        }
    }

    /// <inheritdoc/>
    public string? NameProblem(ReadOnlySpan<char> name) =>
        NameBytes.IsRaw(name) ? NotText : OperatingSystem.IsWindows() ? WindowsNames.Problem(name) : null;

    private static long Nanoseconds(DateTime time) => (time - DateTime.UnixEpoch).Ticks * 100;

    // .NET tells no more than "not a regular file" for what is neither file, folder nor link.
    private static uint SpecialType(string path) =>
        (File.GetAttributes(path) & (FileAttributes.Device | FileAttributes.Normal)) == FileAttributes.Device ? 0x1000u : 0x8000u;

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool WindowsHardLink(string path, string existing, nint security);
}
