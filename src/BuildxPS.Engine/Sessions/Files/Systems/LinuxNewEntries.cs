using BuildxPS.Engine.Engines;
using Microsoft.Win32.SafeHandles;
using Native = BuildxPS.Engine.Sessions.Files.Systems.LinuxTargetNative;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>
/// What the system makes of new entries below a folder: which permissions it takes away (by the umask, or by an access list
/// that the folder hands down) and whose they are (the folder may hand its group down). So only what differs has to be set.
/// </summary>
internal sealed unsafe class LinuxNewEntries
{
    private const uint AllPermissions = 0x1FF;

    private readonly uint _lost;

    private LinuxNewEntries(uint lost, bool needsOwner)
    {
        _lost = lost;
        NeedsOwner = needsOwner;
    }

    /// <summary>Whether entries do not belong to this process's user and group by themselves.</summary>
    public bool NeedsOwner { get; }

    /// <summary>This process's user.</summary>
    public uint User { get; } = LinuxNative.EffectiveUser();

    /// <summary>This process's group.</summary>
    public uint Group { get; } = LinuxNative.EffectiveGroup();

    /// <summary>Finds out, by making a file and removing it.</summary>
    /// <param name="folder">The folder, of our own.</param>
    /// <param name="calls">What differs between processors.</param>
    /// <returns>What was found.</returns>
    public static LinuxNewEntries In(SafeFileHandle folder, LinuxCalls calls)
    {
        var name = new LinuxName();
        var bytes = name.Set($"{Guid.NewGuid():N}");
        var file = (int)LinuxFileSystem.Check(Native.Open(
            folder, bytes, Native.OpenWriteOnly | Native.OpenCreate | Native.OpenExclusive | LinuxNative.OpenCloseOnExec | calls.OpenNoFollow, AllPermissions));
        try
        {
            LinuxFileSystem.Check(Native.Remove(folder, bytes, 0));
            var found = Native.Status(file, name.Set(""), LinuxNative.EmptyPath, LinuxNative.BasicStats, out var status);
            GC.KeepAlive(name);
            LinuxFileSystem.Check(found);
            var needsOwner = status.UserId != LinuxNative.EffectiveUser() || status.GroupId != LinuxNative.EffectiveGroup();
            return new LinuxNewEntries(AllPermissions & ~(uint)status.Mode, needsOwner);
        }
        finally
        {
            _ = Native.Close(file);
        }
    }

    /// <summary>Gives an entry's time as the system takes it.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="times">Takes the times of access and modification.</param>
    public static void Times(FileEntry entry, LinuxNative.Time* times)
    {
        var seconds = Math.DivRem(entry.ModifiedNanoseconds, 1_000_000_000, out var nanoseconds);
        if (nanoseconds < 0)
        {
            (seconds, nanoseconds) = (seconds - 1, nanoseconds + 1_000_000_000);
        }

        times[0] = times[1] = new LinuxNative.Time { Seconds = (nint)seconds, Nanoseconds = (nint)nanoseconds };
    }

    /// <summary>Whether a file needs its permissions set once it is written.</summary>
    /// <param name="mode">Its permissions; writing takes set-user-id away.</param>
    /// <returns>Whether they are not those that it was made with.</returns>
    public bool NeedsMode(uint mode) => (mode & (_lost | ~AllPermissions)) != 0 || NeedsOwner;
}
