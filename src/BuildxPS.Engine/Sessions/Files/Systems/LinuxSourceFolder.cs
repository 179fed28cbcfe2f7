using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>A folder on Linux. Everything in it is asked for by its descriptor and a name, so that no path is looked up twice.</summary>
internal sealed unsafe class LinuxSourceFolder : ISourceFolder
{
    private const int BufferLength = 64 * 1024;
    private const int NameOffset = 19;
    private const byte FolderType = 4;

    private readonly LinuxSourceTree _tree;
    private readonly LinuxCalls _calls;
    private readonly string _path;
    private SafeFileHandle? _handle;

    /// <summary>Takes over an open folder.</summary>
    /// <param name="tree">Its tree.</param>
    /// <param name="calls">What can be called.</param>
    /// <param name="path">Its path in the tree; empty for the root.</param>
    /// <param name="handle">Its descriptor.</param>
    public LinuxSourceFolder(LinuxSourceTree tree, LinuxCalls calls, string path, SafeFileHandle handle)
    {
        _tree = tree;
        _calls = calls;
        _path = path;
        _handle = handle;
    }

    private int Descriptor => LinuxSourceTree.Number(_handle ??= _tree.OpenFolder(_path));

    /// <inheritdoc/>
    public NameList ReadNames()
    {
        var names = new NameList();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            fixed (byte* entries = buffer)
            {
                while (true)
                {
                    var length = LinuxNative.ReadFolder(_calls.ReadFolder, Descriptor, entries, buffer.Length);
                    var error = length < 0 ? Marshal.GetLastPInvokeError() : 0;
                    if (length == 0 || error == LinuxNative.NoEntry)
                    {
                        // Also where the folder was removed since it was opened.
                        names.Sort();
                        return names;
                    }

                    if (error != 0)
                    {
                        throw LinuxFileSystem.Failure(error);
                    }

                    Add(buffer.AsSpan(0, (int)length), names);
                }
            }
        }
        catch
        {
            names.Dispose();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public FileStatus? Status(ReadOnlySpan<byte> name)
    {
        if (!TryDescriptor(out var descriptor))
        {
            return null;
        }

        LinuxNative.StatusBuffer status;
        fixed (byte* pointer = name)
        {
            if (LinuxNative.StatusAt(descriptor, pointer, LinuxNative.NoFollow, LinuxNative.BasicStats, out status) != 0)
            {
                var error = Marshal.GetLastPInvokeError();
                return error is LinuxNative.NoEntry or LinuxNative.NotDirectory ? null : throw LinuxFileSystem.Failure(error);
            }
        }

        return LinuxFileSystem.Describe(status);
    }

    /// <inheritdoc/>
    public string ReadLink(ReadOnlySpan<byte> name)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(TreePath.MaxLength);
        try
        {
            fixed (byte* pointer = name, target = buffer)
            {
                var length = LinuxNative.ReadLinkAt(Descriptor, pointer, target, (nuint)buffer.Length);
                return length >= 0
                    ? NameBytes.Decode(buffer.AsSpan(0, (int)length))
                    : throw LinuxFileSystem.Failure(Marshal.GetLastPInvokeError());
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes(ReadOnlySpan<byte> name) =>
        TryDescriptor(out var descriptor) ? new LinuxAttributes(_calls, descriptor).Read(name) : null;

    /// <inheritdoc/>
    public ISourceFolder? OpenFolder(ReadOnlySpan<byte> name)
    {
        if (!TryDescriptor(out var descriptor))
        {
            return null;
        }

        int number;
        fixed (byte* pointer = name)
        {
            do
            {
                number = LinuxNative.OpenAt(descriptor, pointer, LinuxNative.OpenCloseOnExec | _calls.OpenFolder | _calls.OpenNoFollow);
            }
            while (number < 0 && Marshal.GetLastPInvokeError() == LinuxNative.Interrupted);
        }

        if (number >= 0)
        {
            var child = NameBytes.Decode(name[..^1]);
            return new LinuxSourceFolder(_tree, _calls, _path.Length == 0 ? child : $"{_path}/{child}", new SafeFileHandle(number, ownsHandle: true));
        }

        var error = Marshal.GetLastPInvokeError();
        return error is LinuxNative.NoEntry or LinuxNative.NotDirectory or LinuxNative.LinkLoop ? null : throw LinuxFileSystem.Failure(error);
    }

    /// <inheritdoc/>
    public void Rest()
    {
        _handle?.Dispose();
        _handle = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle?.Dispose();

    private static void Add(ReadOnlySpan<byte> entries, NameList names)
    {
        // struct linux_dirent64: inode, offset, length of the record, type, name.
        while (!entries.IsEmpty)
        {
            var length = BitConverter.ToUInt16(entries[16..]);
            var name = entries[NameOffset..length];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                names.Add(name, entries[18] switch
                {
                    0 => NameList.Kind.Unknown,
                    FolderType => NameList.Kind.Folder,
                    _ => NameList.Kind.Other,
                });
            }

            entries = entries[length..];
        }
    }

    /// <summary>A folder that rested may be gone when it is used again, and all that was in it with it.</summary>
    private bool TryDescriptor(out int descriptor)
    {
        try
        {
            descriptor = Descriptor;
            return true;
        }
        catch (IOException e) when (e.HResult is LinuxNative.NoEntry or LinuxNative.NotDirectory or LinuxNative.LinkLoop)
        {
            descriptor = -1;
            return false;
        }
    }
}
