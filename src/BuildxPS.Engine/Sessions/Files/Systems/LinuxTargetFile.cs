using System.Runtime.InteropServices;
using BuildxPS.Engine.Engines;
using Native = BuildxPS.Engine.Sessions.Files.Systems.LinuxTargetNative;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>A new file on Linux, by no more calls to the system than it takes: most files are small, and the calls are what they cost.</summary>
internal sealed unsafe class LinuxTargetFile : WriteOnlyStream
{
    private readonly FileEntry _entry;
    private readonly LinuxNewEntries _new;
    private int _file;

    /// <summary>Takes over a file that was just made.</summary>
    /// <param name="file">Its descriptor.</param>
    /// <param name="entry">What it is to be.</param>
    /// <param name="newEntries">What the system made of it.</param>
    public LinuxTargetFile(int file, FileEntry entry, LinuxNewEntries newEntries)
    {
        _file = file;
        _entry = entry;
        _new = newEntries;
    }

    /// <inheritdoc/>
    public override bool CanWrite => _file >= 0;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_file < 0, this);
        fixed (byte* data = buffer)
        {
            for (nint written = 0; written < buffer.Length;)
            {
                var count = Native.Write(_file, data + written, (nuint)(buffer.Length - written));
                if (count >= 0)
                {
                    written += count;
                }
                else if (Marshal.GetLastPInvokeError() is not LinuxNative.Interrupted and var error)
                {
                    throw LinuxFileSystem.Failure(error);
                }
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        var file = Interlocked.Exchange(ref _file, -1);
        if (file < 0)
        {
            return;
        }

        try
        {
            if (disposing)
            {
                Complete(file);
            }
        }
        catch
        {
            _ = Native.Close(file);
            throw;
        }

        // Some file systems tell only here that the bytes did not fit.
        if (Native.Close(file) != 0 && Marshal.GetLastPInvokeError() is not LinuxNative.Interrupted and var error)
        {
            throw LinuxFileSystem.Failure(error);
        }

        base.Dispose(disposing);
    }

    private void Complete(int file)
    {
        // Before the mode: a change of owner takes set-user-id away.
        if (_new.NeedsOwner)
        {
            LinuxFileSystem.Check(Native.ChangeOwner(file, _new.User, _new.Group));
        }

        if (_entry.ExtendedAttributes is { Count: > 0 } attributes)
        {
            SetAttributes(file, attributes);
        }

        // Behind the attributes: they are not set on what may not be written.
        var mode = UnixFileModes.ToUnix(_entry.Mode) & 0xFFF;
        if (_new.NeedsMode(mode))
        {
            LinuxFileSystem.Check(Native.ChangeMode(file, mode));
        }

        var times = stackalloc LinuxNative.Time[2];
        LinuxNewEntries.Times(_entry, times);
        LinuxFileSystem.Check(Native.SetTimes(file, times));
    }

    private static void SetAttributes(int file, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> attributes)
    {
        // Those that the file system refuses are left out, as the reference does.
        var name = new LinuxName();
        foreach (var (key, value) in attributes)
        {
            fixed (byte* pointer = value.Span)
            {
                _ = Native.SetAttribute(file, name.Set(key), pointer, (nuint)value.Length, 0);
            }
        }
    }
}
