using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using BuildxPS.Engine.Engines;
using Native = BuildxPS.Engine.Sessions.Files.Systems.LinuxTargetNative;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>
/// A tree on Linux. Everything is made by the descriptor of its folder and its name: each path is looked up once, and cannot
/// lead through a link.
/// </summary>
internal sealed unsafe class LinuxTargetTree : ITargetTree
{
    private const uint PrivateFolder = 0x1C0;

    // The kernel's limit for a path in one call, without the zero at its end.
    private const int MaxPathBytes = 4095;

    private readonly LinuxCalls _calls;
    private readonly LinuxTargetFolders _folders;
    private readonly int _maxBytes;
    private readonly LinuxName _name = new();
    private readonly LinuxName _other = new();
    private LinuxNewEntries? _new;

    /// <summary>Works in a folder.</summary>
    /// <param name="root">The folder, of our own.</param>
    /// <param name="destination">Where the tree is moved to at the end.</param>
    /// <param name="calls">What differs between processors.</param>
    public LinuxTargetTree(string root, string destination, LinuxCalls calls)
    {
        _calls = calls;
        _folders = new LinuxTargetFolders(root, calls);
        _maxBytes = MaxPathBytes - Math.Max(NameBytes.Count(root), NameBytes.Count(destination)) - 1;
    }

    // Found out with the first entry, whose failures are this one's too.
    private LinuxNewEntries New => _new ??= LinuxNewEntries.In(_folders.Find(""), _calls);

    /// <inheritdoc/>
    public void CreateDirectory(string path) =>
        LinuxFileSystem.Check(Native.MakeDirectory(Locate(path), _name.Bytes, PrivateFolder));

    /// <inheritdoc/>
    public void CreateSymbolicLink(FileEntry entry)
    {
        var folder = Locate(entry.Path);
        LinuxFileSystem.Check(Native.SymbolicLink(_other.Set(entry.LinkName), folder, _name.Bytes));
        Complete(folder, entry);
    }

    /// <inheritdoc/>
    public void CreateSpecial(FileEntry entry)
    {
        var folder = Locate(entry.Path);
        var (major, minor) = ((ulong)entry.DeviceMajor, (ulong)entry.DeviceMinor);
        var device = ((major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
        LinuxFileSystem.Check(Native.MakeNode(folder, _name.Bytes, UnixFileModes.ToUnix(entry.Mode), device));
        Complete(folder, entry);
    }

    /// <inheritdoc/>
    public TargetEntry Find(string path)
    {
        SafeFileHandle folder;
        try
        {
            folder = Locate(path);
        }
        catch (IOException e) when (IsNoFolder(e.HResult))
        {
            return TargetEntry.Other;
        }

        if (Native.Status(folder, _name.Bytes, LinuxNative.NoFollow, LinuxNative.BasicStats, out var status) == 0)
        {
            return UnixFileModes.IsRegular(status.Mode) ? TargetEntry.File : TargetEntry.Other;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == LinuxNative.NoEntry ? TargetEntry.Nothing : throw LinuxFileSystem.Failure(error);
    }

    /// <inheritdoc/>
    public void CreateHardLink(string path, string existing)
    {
        var existingFolder = _folders.Find(TreePath.Parent(existing));
        var folder = Locate(path);
        LinuxFileSystem.Check(Native.HardLink(existingFolder, _other.Set(TreePath.Name(existing)), folder, _name.Bytes, 0));
    }

    /// <inheritdoc/>
    public Stream CreateFile(FileEntry entry)
    {
        var folder = Locate(entry.Path);
        var mode = UnixFileModes.ToUnix(entry.Mode) & 0xFFF;
        var flags = Native.OpenWriteOnly | Native.OpenCreate | Native.OpenExclusive | LinuxNative.OpenCloseOnExec | _calls.OpenNoFollow | _calls.OpenLarge;
        int file;
        do
        {
            file = Native.Open(folder, _name.Bytes, flags, mode & 0x1FF);
        }
        while (file < 0 && Marshal.GetLastPInvokeError() == LinuxNative.Interrupted);

        LinuxFileSystem.Check(file);
        try
        {
            return new LinuxTargetFile(file, entry, New);
        }
        catch
        {
            _ = Native.Close(file);
            throw;
        }
    }

    /// <inheritdoc/>
    public void CompleteDirectory(FileEntry entry) => Complete(Locate(entry.Path), entry);

    /// <inheritdoc/>
    public void Dispose() => _folders.Dispose();

    private static bool IsNoFolder(int error) => error is LinuxNative.NotDirectory or LinuxNative.NoEntry or LinuxNative.LinkLoop;

    /// <summary>Finds an entry's folder and takes its name down.</summary>
    private SafeFileHandle Locate(string path)
    {
        // Made, it could be; but it is merged and removed by paths, and is of no use where no path leads to it.
        if (NameBytes.MaxBytes(path.Length) > _maxBytes && NameBytes.Count(path) > _maxBytes)
        {
            throw LinuxFileSystem.Failure(LinuxNative.NameTooLong);
        }

        var folder = _folders.Find(TreePath.Parent(path));
        _ = _name.Set(TreePath.Name(path));
        return folder;
    }

    /// <summary>Sets what was not set when the entry was made; a link keeps its permissions.</summary>
    private void Complete(SafeFileHandle folder, FileEntry entry)
    {
        if (New.NeedsOwner)
        {
            LinuxFileSystem.Check(Native.ChangeOwnerAt(folder, _name.Bytes, New.User, New.Group, LinuxNative.NoFollow));
        }

        if (entry.ExtendedAttributes is { Count: > 0 } attributes)
        {
            SetAttributes(folder, TreePath.Name(entry.Path), attributes);
        }

        // Behind the attributes: they are not set on what may not be written.
        if ((entry.Mode & FileEntryMode.Symlink) == 0)
        {
            // The call cannot be told not to follow links; but what it is about was just made, and is none.
            LinuxFileSystem.Check(Native.ChangeModeAt(folder, _name.Bytes, UnixFileModes.ToUnix(entry.Mode) & 0xFFF, 0));
        }

        var times = stackalloc LinuxNative.Time[2];
        LinuxNewEntries.Times(entry, times);
        LinuxFileSystem.Check(Native.SetTimesAt(folder, _name.Bytes, times, LinuxNative.NoFollow));
    }

    private void SetAttributes(SafeFileHandle folder, ReadOnlySpan<char> name, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> attributes)
    {
        // There is no such call by descriptor for links and devices, which cannot be opened; /proc names the descriptor.
        var path = _other.Set($"/proc/self/fd/{folder.DangerousGetHandle()}/{name}");
        var attributeName = new LinuxName();
        foreach (var (key, value) in attributes)
        {
            fixed (byte* pointer = value.Span)
            {
                _ = Native.SetAttributeOf(path, attributeName.Set(key), pointer, (nuint)value.Length, 0);
            }
        }
    }
}
