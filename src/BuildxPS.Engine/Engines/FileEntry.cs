namespace BuildxPS.Engine.Engines;

/// <summary>One entry of a file tree, as it travels to or from an engine.</summary>
public sealed record FileEntry
{
    /// <summary>Path below the tree's root, <c>/</c>-separated, relative and clean.</summary>
    public required string Path { get; init; }

    /// <summary>Kind and permissions.</summary>
    public required FileEntryMode Mode { get; init; }

    /// <summary>Owner's number.</summary>
    public uint UserId { get; init; }

    /// <summary>Group's number.</summary>
    public uint GroupId { get; init; }

    /// <summary>
    /// Bytes of a regular file, or of a symbolic link's target; zero for all else. Engines compare it, so a hard link has the
    /// size of the file.
    /// </summary>
    public long Size { get; init; }

    /// <summary>Time of the last change, in nanoseconds since 1970-01-01 UTC.</summary>
    public long ModifiedNanoseconds { get; init; }

    /// <summary>A symbolic link's target as stored, or for a hard link the path of the entry that it equals; else empty.</summary>
    public string LinkName { get; init; } = "";

    /// <summary>Major number of a device.</summary>
    public long DeviceMajor { get; init; }

    /// <summary>Minor number of a device.</summary>
    public long DeviceMinor { get; init; }

    /// <summary>Extended attributes, or null where there are none.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes { get; init; }

    /// <summary>Whether it has bytes of its own that can be read: a regular file that is not a hard link to an earlier entry.</summary>
    public bool HasContent => (Mode & FileEntryMode.TypeMask) == 0 && LinkName.Length == 0;
}

/// <summary>Kind and permissions of an entry. The bits are those of Go's <c>fs.FileMode</c>, which the protocol uses, not those of <c>st_mode</c>.</summary>
[Flags]
public enum FileEntryMode : uint
{
    /// <summary>A regular file without permissions.</summary>
    None = 0,

    /// <summary>Read, write and execute for owner, group and others.</summary>
    PermissionMask = 0x1FF,

    /// <summary>Bits that make an entry something other than a regular file.</summary>
    TypeMask = Directory | Symlink | Device | NamedPipe | Socket | CharDevice | Irregular,

    /// <summary>A folder.</summary>
    Directory = 0x80000000,

    /// <summary>A symbolic link.</summary>
    Symlink = 0x08000000,

    /// <summary>A device.</summary>
    Device = 0x04000000,

    /// <summary>A named pipe.</summary>
    NamedPipe = 0x02000000,

    /// <summary>A socket.</summary>
    Socket = 0x01000000,

    /// <summary>Set user id.</summary>
    SetUid = 0x00800000,

    /// <summary>Set group id.</summary>
    SetGid = 0x00400000,

    /// <summary>With <see cref="Device"/>: a character device.</summary>
    CharDevice = 0x00200000,

    /// <summary>Sticky.</summary>
    Sticky = 0x00100000,

    /// <summary>Something that is none of the others.</summary>
    Irregular = 0x00080000,
}
