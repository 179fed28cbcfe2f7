using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>Unix's <c>st_mode</c> and Windows' attributes as the protocol's modes, and back.</summary>
internal static class UnixFileModes
{
    private const uint SetUid = 0x800;
    private const uint SetGid = 0x400;
    private const uint Sticky = 0x200;

    /// <summary>From <c>st_mode</c>.</summary>
    /// <param name="mode">Type and permissions.</param>
    /// <returns>The protocol's mode.</returns>
    public static FileEntryMode FromUnix(uint mode)
    {
        var result = (FileEntryMode)(mode & 0x1FF);
        result |= (mode & SetUid) != 0 ? FileEntryMode.SetUid : 0;
        result |= (mode & SetGid) != 0 ? FileEntryMode.SetGid : 0;
        result |= (mode & Sticky) != 0 ? FileEntryMode.Sticky : 0;
        return result | (mode & 0xF000) switch
        {
            0x1000 => FileEntryMode.NamedPipe,
            0x2000 => FileEntryMode.Device | FileEntryMode.CharDevice,
            0x4000 => FileEntryMode.Directory,
            0x6000 => FileEntryMode.Device,
            0x8000 => 0,
            0xA000 => FileEntryMode.Symlink,
            0xC000 => FileEntryMode.Socket,
            _ => FileEntryMode.Irregular,
        };
    }

    /// <summary>Whether <c>st_mode</c> is a regular file's.</summary>
    /// <param name="mode">Type and permissions.</param>
    /// <returns>Whether it is.</returns>
    public static bool IsRegular(uint mode) => (mode & 0xF000) == 0x8000;

    /// <summary>To <c>st_mode</c>.</summary>
    /// <param name="mode">The protocol's mode.</param>
    /// <returns>Type and permissions.</returns>
    public static uint ToUnix(FileEntryMode mode)
    {
        var result = (uint)(mode & FileEntryMode.PermissionMask);
        result |= (mode & FileEntryMode.SetUid) != 0 ? SetUid : 0;
        result |= (mode & FileEntryMode.SetGid) != 0 ? SetGid : 0;
        result |= (mode & FileEntryMode.Sticky) != 0 ? Sticky : 0;
        return result | (mode & FileEntryMode.TypeMask) switch
        {
            FileEntryMode.NamedPipe => 0x1000u,
            FileEntryMode.Device | FileEntryMode.CharDevice => 0x2000u,
            FileEntryMode.Directory => 0x4000u,
            FileEntryMode.Device => 0x6000u,
            FileEntryMode.Symlink => 0xA000u,
            _ => 0x8000u,
        };
    }

    /// <summary>
    /// From Windows' attributes, which know no execute: everything is executable and nothing is writable by others, so that
    /// scripts from a Windows context run in an image.
    /// </summary>
    /// <param name="attributes">The attributes.</param>
    /// <param name="isLink">Whether it is a symbolic link or a junction.</param>
    /// <returns>The protocol's mode.</returns>
    public static FileEntryMode FromWindows(FileAttributes attributes, bool isLink)
    {
        var permissions = (FileEntryMode)((attributes & FileAttributes.ReadOnly) != 0 ? 0x16D : 0x1ED);
        if (isLink)
        {
            return permissions | FileEntryMode.Symlink;
        }

        return permissions | ((attributes & FileAttributes.Directory) != 0 ? FileEntryMode.Directory : 0);
    }
}
