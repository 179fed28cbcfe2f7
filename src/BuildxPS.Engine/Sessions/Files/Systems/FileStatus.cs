using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>What a file system says of one entry, links not followed.</summary>
internal readonly record struct FileStatus
{
    /// <summary>Kind and permissions.</summary>
    public FileEntryMode Mode { get; init; }

    /// <summary>Bytes; of a symbolic link those of its target.</summary>
    public long Size { get; init; }

    /// <summary>Time of the last change, in nanoseconds since 1970-01-01 UTC.</summary>
    public long ModifiedNanoseconds { get; init; }

    /// <summary>
    /// When the entry itself was last changed or renamed, in nanoseconds since 1970-01-01 UTC; where the platform does not tell
    /// the later of its making and its last change.
    /// </summary>
    public long ChangedNanoseconds { get; init; }

    /// <summary>When it was made, in nanoseconds since 1970-01-01 UTC; zero where that is not known.</summary>
    public long BornNanoseconds { get; init; }

    /// <summary>Number of the file system; zero where the platform does not tell.</summary>
    public ulong Device { get; init; }

    /// <summary>Number of the mount through which it was seen; zero where the platform does not tell.</summary>
    public ulong Mount { get; init; }

    /// <summary>Number of the entry in its file system.</summary>
    public ulong Inode { get; init; }

    /// <summary>How many names it has; 1 where the platform does not tell.</summary>
    public uint LinkCount { get; init; }

    /// <summary>Owner's number.</summary>
    public uint UserId { get; init; }

    /// <summary>Group's number.</summary>
    public uint GroupId { get; init; }

    /// <summary>Major number of a device.</summary>
    public uint DeviceMajor { get; init; }

    /// <summary>Minor number of a device.</summary>
    public uint DeviceMinor { get; init; }

    /// <summary>Whether it is a folder.</summary>
    public bool IsDirectory => (Mode & FileEntryMode.Directory) != 0;

    /// <summary>Whether it is a symbolic link.</summary>
    public bool IsSymlink => (Mode & FileEntryMode.Symlink) != 0;

    /// <summary>Whether it is a regular file.</summary>
    public bool IsRegular => (Mode & FileEntryMode.TypeMask) == 0;

    /// <summary>Whether it is a socket.</summary>
    public bool IsSocket => (Mode & FileEntryMode.Socket) != 0;
}
