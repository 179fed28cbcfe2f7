using System.Runtime.InteropServices;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>What putting outputs in place needs of Linux.</summary>
internal sealed partial class LinuxFileSystem
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";

    private static readonly Lazy<string> s_machine = new(() => File.Exists(BootId) ? File.ReadAllText(BootId).Trim() : Environment.MachineName);

    /// <inheritdoc/>
    public string Machine => s_machine.Value;

    /// <inheritdoc/>
    public void DemandWriteFile(string file)
    {
        const int write = 2;
        Check(LinuxNative.Access(LinuxNative.CurrentDirectory, file, write, LinuxNative.EffectiveIds));
    }

    /// <inheritdoc/>
    public bool TryExchange(string path, string other)
    {
        try
        {
            var result = LinuxNative.RenameWith(LinuxNative.CurrentDirectory, path, LinuxNative.CurrentDirectory, other, LinuxNative.Exchange);
            if (result == 0)
            {
                return true;
            }
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }

        var error = Marshal.GetLastPInvokeError();
        return error is LinuxNative.Invalid or LinuxNative.NoSystemCall or LinuxNative.NotSupported ? false : throw Failure(error);
    }

    /// <inheritdoc/>
    public void CopyOwner(string path, FileStatus owner)
    {
        // Only root may give files away; for all others the new file is theirs.
        if (owner.UserId != _user || owner.GroupId != _group)
        {
            _ = LinuxNative.ChangeOwner(path, owner.UserId, owner.GroupId);
        }
    }

    /// <inheritdoc/>
    public bool IsOwn(FileStatus status) => status.UserId == _user;

    /// <inheritdoc/>
    public FileStream? TryLock(string path, bool create)
    {
        // Not by FileShare.None, which an environment variable of .NET turns off.
        var file = Open(path, create);
        if (file is not null && LinuxNative.Lock(file.SafeFileHandle, LinuxNative.LockExclusivelyOrFail) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            file.Dispose();
            return error == LinuxNative.WouldBlock ? null : throw Failure(error);
        }

        return file;
    }

    /// <inheritdoc/>
    public bool IsLocal(string folder) => new DriveInfo(folder).DriveType is DriveType.Fixed or DriveType.Ram;

    private static FileStream? Open(string path, bool create)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = create ? FileMode.CreateNew : FileMode.Open,
                Access = FileAccess.ReadWrite,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
            });
        }
        catch (IOException e) when (e.HResult == LinuxNative.WouldBlock)
        {
            // .NET takes a shared lock of its own.
            return null;
        }
    }
}
