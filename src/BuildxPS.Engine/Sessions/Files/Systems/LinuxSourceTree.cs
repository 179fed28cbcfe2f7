using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>A tree on Linux, reached over a descriptor of its root: renaming it or what is above it changes nothing.</summary>
internal sealed unsafe class LinuxSourceTree : ISourceTree
{
    private readonly LinuxCalls _calls;
    private readonly SafeFileHandle _handle;

    /// <summary>Opens a tree. A root that is a symbolic link is followed.</summary>
    /// <param name="root">The folder's absolute path.</param>
    /// <param name="calls">What can be called.</param>
    public LinuxSourceTree(string root, LinuxCalls calls)
    {
        _calls = calls;
        var flags = LinuxNative.OpenPathOnly | LinuxNative.OpenCloseOnExec | calls.OpenFolder;
        _handle = Handle(LinuxNative.OpenAt(LinuxNative.CurrentDirectory, root, flags));
    }

    /// <inheritdoc/>
    public ISourceFolder OpenRoot() => new LinuxSourceFolder(this, _calls, "", OpenFolder(""));

    /// <inheritdoc/>
    public Stream OpenRead(string path)
    {
        // A named pipe that took the file's place must not hold us.
        var handle = Open(path, LinuxNative.OpenNonBlocking | _calls.OpenLarge, out var error);
        switch (error)
        {
            case 0:
                break;
            case LinuxNative.NoDevice:
                return Stream.Null;
            case LinuxNative.NoEntry or LinuxNative.NotDirectory:
                throw new FileNotFoundException("It is gone since the folder was listed.");
            case LinuxNative.LinkLoop or LinuxNative.CrossDevice:
                throw NotRegular();
            default:
                throw LinuxFileSystem.Failure(error);
        }

        const uint regular = 0x8000;
        byte none = 0;
        var status = default(LinuxNative.StatusBuffer);
        if (LinuxNative.StatusAt(Number(handle!), &none, LinuxNative.EmptyPath, LinuxNative.TypeAndSize, out status) == 0
            && (status.Mode & 0xF000) == regular)
        {
            return new LinuxFileStream(handle!, (long)status.Size);
        }

        handle!.Dispose();
        throw NotRegular();
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>Opens a folder of the tree for listing.</summary>
    /// <param name="path">Its path in the tree; empty for the root.</param>
    /// <returns>The descriptor.</returns>
    internal SafeFileHandle OpenFolder(string path) =>
        Open(path.Length == 0 ? "." : path, _calls.OpenFolder, out var error) ?? throw LinuxFileSystem.Failure(error);

    /// <summary>A descriptor's number. Whoever asks keeps the handle alive while the number is in use.</summary>
    /// <param name="handle">The descriptor.</param>
    /// <returns>The number.</returns>
    internal static int Number(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    private static IOException NotRegular() => new("It is no regular file any more since the folder was listed.");

    private static SafeFileHandle Handle(nint number) =>
        number >= 0 ? new SafeFileHandle(number, ownsHandle: true) : throw LinuxFileSystem.Failure(Marshal.GetLastPInvokeError());

    private SafeFileHandle? Open(string path, int flags, out int error)
    {
        flags |= LinuxNative.OpenCloseOnExec | _calls.OpenNoFollow;
        error = LinuxNative.NoSystemCall;
        var number = _calls.LacksOpenBeneath ? -1 : OpenBeneath(path, flags, out error);
        var refused = error;
        if (refused is LinuxNative.NoSystemCall or LinuxNative.NotPermitted or LinuxNative.NameTooLong)
        {
            // Some sandboxes answer that a call they do not know is not permitted. And no call takes a path of 4096 bytes.
            number = OpenByParts(path, flags, out error);
            _calls.LacksOpenBeneath |= number >= 0 && refused != LinuxNative.NameTooLong;
        }

        return number < 0 ? null : new SafeFileHandle(number, ownsHandle: true);
    }

    private int OpenBeneath(string path, int flags, out int error)
    {
        var how = new LinuxNative.OpenHow { Flags = (ulong)flags, Resolve = LinuxNative.ResolveBeneathWithoutLinks };
        nint number;
        do
        {
            number = LinuxNative.OpenBeneath(LinuxNative.OpenBeneathCall, _handle, path, &how, sizeof(LinuxNative.OpenHow));
            error = number < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == LinuxNative.Interrupted);

        return (int)number;
    }

    /// <summary>Opens folder by folder, so that none on the way is a link.</summary>
    private int OpenByParts(string path, int flags, out int error)
    {
        var folderFlags = LinuxNative.OpenPathOnly | LinuxNative.OpenCloseOnExec | _calls.OpenFolder | _calls.OpenNoFollow;
        var from = _handle;
        try
        {
            for (var start = 0; ;)
            {
                var slash = path.IndexOf('/', start);
                var part = slash < 0 ? path[start..] : path[start..slash];
                int next;
                do
                {
                    next = LinuxNative.OpenAt(from, part, slash < 0 ? flags : folderFlags);
                    error = next < 0 ? Marshal.GetLastPInvokeError() : 0;
                }
                while (error == LinuxNative.Interrupted);

                if (next < 0 || slash < 0)
                {
                    return next;
                }

                if (from != _handle)
                {
                    from.Dispose();
                }

                from = new SafeFileHandle(next, ownsHandle: true);
                start = slash + 1;
            }
        }
        finally
        {
            if (from != _handle)
            {
                from.Dispose();
            }
        }
    }
}
