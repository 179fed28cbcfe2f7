using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>Linux.</summary>
internal sealed partial class LinuxFileSystem : IFileSystem
{
    private const int StackBytes = 1024;
    private const uint Wanted = LinuxNative.BasicStats | LinuxNative.BirthTime | LinuxNative.MountId;

    private readonly uint _user = LinuxNative.EffectiveUser();
    private readonly uint _group = LinuxNative.EffectiveGroup();

    /// <inheritdoc/>
    public FileStatus? Status(string path)
    {
        if (LinuxNative.Status(LinuxNative.CurrentDirectory, path, LinuxNative.NoFollow, Wanted, out var status) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error is LinuxNative.NoEntry or LinuxNative.NotDirectory ? null : throw Failure(error);
        }

        return Describe(status);
    }

    /// <inheritdoc/>
    public unsafe string ReadLink(string path)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(TreePath.MaxLength);
        try
        {
            fixed (byte* target = buffer)
            {
                var length = Check(LinuxNative.ReadLink(path, target, (nuint)buffer.Length));
                return NameBytes.Decode(new ReadOnlySpan<byte>(target, (int)length));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public unsafe IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes(string path)
    {
        var stack = stackalloc byte[StackBytes];
        var length = LinuxNative.ListAttributes(path, stack, StackBytes);
        if (length == 0)
        {
            return null;
        }

        if (length > 0)
        {
            return ReadAttributes(path, new ReadOnlySpan<byte>(stack, (int)length));
        }

        switch (Marshal.GetLastPInvokeError())
        {
            case LinuxNative.NotSupported or LinuxNative.NoSystemCall or LinuxNative.NoEntry:
                return null;
            case LinuxNative.RangeExceeded:
                // The kernel's own limit for a list of names.
                var names = new byte[64 * 1024];
                fixed (byte* pointer = names)
                {
                    return ReadAttributes(path, names.AsSpan(0, (int)Check(LinuxNative.ListAttributes(path, pointer, (nuint)names.Length))));
                }

            case var error:
                throw Failure(error);
        }
    }

    /// <inheritdoc/>
    public void DemandWrite(string folder)
    {
        const int writeAndEnter = 3;
        Check(LinuxNative.Access(LinuxNative.CurrentDirectory, folder, writeAndEnter, LinuxNative.EffectiveIds));
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path) => Check(LinuxNative.MakeDirectory(path, 0x1C0));

    /// <inheritdoc/>
    public void CreateSymbolicLink(string path, string target, bool isDirectory) => Check(LinuxNative.SymbolicLink(target, path));

    /// <inheritdoc/>
    public void CreateHardLink(string path, string existing) => Check(LinuxNative.HardLink(existing, path));

    /// <inheritdoc/>
    public void CreateSpecial(string path, FileEntry entry)
    {
        var (major, minor) = ((ulong)entry.DeviceMajor, (ulong)entry.DeviceMinor);
        var device = ((major & 0xFFFFF000) << 32) | ((major & 0xFFF) << 8) | ((minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
        Check(LinuxNative.MakeNode(path, UnixFileModes.ToUnix(entry.Mode), device));
    }

    /// <inheritdoc/>
    public void Rename(string path, string newPath) => Check(LinuxNative.Rename(path, newPath));

    /// <inheritdoc/>
    public unsafe void SetMetadata(string path, FileEntry entry)
    {
        // Before the mode: a change of owner takes set-user-id away. Only needed where a folder hands its group down.
        if (Status(path) is { } status && (status.UserId != _user || status.GroupId != _group))
        {
            Check(LinuxNative.ChangeOwner(path, _user, _group));
        }

        foreach (var (name, value) in entry.ExtendedAttributes ?? new Dictionary<string, ReadOnlyMemory<byte>>())
        {
            fixed (byte* pointer = value.Span)
            {
                _ = LinuxNative.SetAttribute(path, name, pointer, (nuint)value.Length, 0);
            }
        }

        // Behind the attributes: they are not set on what may not be written.
        if ((entry.Mode & FileEntryMode.Symlink) == 0)
        {
            Check(LinuxNative.ChangeMode(path, UnixFileModes.ToUnix(entry.Mode) & 0xFFF));
        }

        var seconds = Math.DivRem(entry.ModifiedNanoseconds, 1_000_000_000, out var nanoseconds);
        if (nanoseconds < 0)
        {
            (seconds, nanoseconds) = (seconds - 1, nanoseconds + 1_000_000_000);
        }

        var times = stackalloc LinuxNative.Time[2];
        times[0] = times[1] = new LinuxNative.Time { Seconds = (nint)seconds, Nanoseconds = (nint)nanoseconds };
        Check(LinuxNative.SetTimes(LinuxNative.CurrentDirectory, path, times, LinuxNative.NoFollow));
    }

    /// <inheritdoc/>
    public void SetPermissions(string folder, FileEntryMode mode) => Check(LinuxNative.ChangeMode(folder, UnixFileModes.ToUnix(mode) & 0xFFF));

    /// <inheritdoc/>
    public string? NameProblem(ReadOnlySpan<char> name)
        => !Environment.Is64BitProcess && NameBytes.IsRaw(name) ? PortableFileSystem.NotText : null;

    /// <summary>What the kernel says of an entry.</summary>
    /// <param name="status">Its words.</param>
    /// <returns>Ours.</returns>
    internal static FileStatus Describe(in LinuxNative.StatusBuffer status) => new()
    {
        Mode = UnixFileModes.FromUnix(status.Mode),
        Size = (long)status.Size,
        ModifiedNanoseconds = Nanoseconds(status.Modified),
        ChangedNanoseconds = Nanoseconds(status.Changed),
        BornNanoseconds = (status.Mask & LinuxNative.BirthTime) != 0 ? Nanoseconds(status.Born) : 0,
        Device = ((ulong)status.DeviceMajor << 32) | status.DeviceMinor,
        Mount = (status.Mask & LinuxNative.MountId) != 0 ? status.Mount : 0,
        Inode = status.Inode,
        LinkCount = status.LinkCount,
        UserId = status.UserId,
        GroupId = status.GroupId,
        DeviceMajor = status.SpecialMajor,
        DeviceMinor = status.SpecialMinor,
    };

    /// <summary>The failure that an error of the system is.</summary>
    /// <param name="error">Its number.</param>
    /// <returns>The failure.</returns>
    internal static Exception Failure(int error)
    {
        var message = Marshal.GetPInvokeErrorMessage(error) + ".";
        return error is LinuxNative.AccessDenied or LinuxNative.NotPermitted
            ? new UnauthorizedAccessException(message)
            : new IOException(message, error);
    }

    private static long Nanoseconds(LinuxNative.Timestamp time) => (time.Seconds * 1_000_000_000) + time.Nanoseconds;

    private static unsafe Dictionary<string, ReadOnlyMemory<byte>>? ReadAttributes(string path, ReadOnlySpan<byte> names)
    {
        Dictionary<string, ReadOnlyMemory<byte>>? attributes = null;
        foreach (var range in names.Split((byte)0))
        {
            var name = Encoding.UTF8.GetString(names[range]);
            if (name.Length == 0 || name.StartsWith("com.apple.", StringComparison.Ordinal))
            {
                continue;
            }

            // One that went away or may not be read is left out, as the reference does.
            var size = LinuxNative.GetAttribute(path, name, null, 0);
            var value = new byte[Math.Max(size, 0)];
            fixed (byte* pointer = value)
            {
                if (size == 0 || (size > 0 && LinuxNative.GetAttribute(path, name, pointer, (nuint)value.Length) == size))
                {
                    (attributes ??= [])[name] = value;
                }
            }
        }

        return attributes;
    }

    /// <summary>Checks what a call to the system returned.</summary>
    /// <param name="result">The result; negative for a failure, whose reason is this thread's last error.</param>
    /// <returns>The result.</returns>
    internal static nint Check(nint result) =>
        result >= 0 ? result : throw Failure(Marshal.GetLastPInvokeError());
}
