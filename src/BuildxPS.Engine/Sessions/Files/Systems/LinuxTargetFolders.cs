using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Native = BuildxPS.Engine.Sessions.Files.Systems.LinuxTargetNative;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>
/// The folders of a tree, open. Few at a time, because entries come in the order of their folders; the bytes of files lag
/// behind, at most by a few folders more.
/// </summary>
internal sealed unsafe class LinuxTargetFolders : IDisposable
{
    private const int MaxOpen = 24;

    private readonly LinuxCalls _calls;
    private readonly string _rootPath;
    private readonly LinuxName _name = new();

    // The one that was used last comes first.
    private readonly List<Folder> _open = new(MaxOpen);
    private SafeFileHandle? _root;

    /// <summary>Opens folders in a root.</summary>
    /// <param name="root">The root.</param>
    /// <param name="calls">What differs between processors.</param>
    public LinuxTargetFolders(string root, LinuxCalls calls)
    {
        _rootPath = root;
        _calls = calls;
    }

    private int Flags => LinuxNative.OpenPathOnly | LinuxNative.OpenCloseOnExec | _calls.OpenFolder;

    /// <summary>Finds a folder.</summary>
    /// <param name="path">Its path; empty for the root.</param>
    /// <returns>Its descriptor, which stays open until other folders were found twice.</returns>
    /// <exception cref="IOException">A part of the path is no folder.</exception>
    public SafeFileHandle Find(ReadOnlySpan<char> path)
    {
        if (TryFind(path, out var folder))
        {
            return folder;
        }

        var ancestor = TreePath.Parent(path);
        while (!TryFind(ancestor, out folder))
        {
            ancestor = TreePath.Parent(ancestor);
        }

        folder = Open(folder, path[ancestor.Length..].TrimStart('/'));
        if (_open.Count == MaxOpen)
        {
            _open[^1].Handle.Dispose();
            _open.RemoveAt(MaxOpen - 1);
        }

        _open.Insert(0, new Folder(path.ToString(), folder));
        return folder;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var folder in _open)
        {
            folder.Handle.Dispose();
        }

        _open.Clear();
        _root?.Dispose();
        _root = null;
    }

    private bool TryFind(ReadOnlySpan<char> path, [NotNullWhen(true)] out SafeFileHandle? folder)
    {
        if (path.IsEmpty)
        {
            folder = _root ??= OpenRoot();
            return true;
        }

        for (var i = 0; i < _open.Count; i++)
        {
            if (path.SequenceEqual(_open[i].Path))
            {
                var found = _open[i];
                folder = found.Handle;
                if (i > 0)
                {
                    _open.RemoveAt(i);
                    _open.Insert(0, found);
                }

                return true;
            }
        }

        folder = null;
        return false;
    }

    /// <summary>Opens a folder part by part: a path as a whole may be too long, and may lead through a link.</summary>
    private SafeFileHandle Open(SafeFileHandle ancestor, ReadOnlySpan<char> path)
    {
        var folder = ancestor;
        foreach (var part in path.Split('/'))
        {
            var parent = folder;
            try
            {
                folder = OpenPart(parent, path[part]);
            }
            finally
            {
                if (parent != ancestor)
                {
                    parent.Dispose();
                }
            }
        }

        return folder;
    }

    private SafeFileHandle OpenRoot()
    {
        var name = _name.Set(_rootPath);
        int descriptor;
        do
        {
            descriptor = Native.Open(LinuxNative.CurrentDirectory, name, Flags, 0);
        }
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == LinuxNative.Interrupted);

        return Own(descriptor);
    }

    private SafeFileHandle OpenPart(SafeFileHandle folder, ReadOnlySpan<char> part)
    {
        var name = _name.Set(part);
        int descriptor;
        do
        {
            descriptor = Native.Open(folder, name, Flags | _calls.OpenNoFollow, 0);
        }
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == LinuxNative.Interrupted);

        return Own(descriptor);
    }

    private static SafeFileHandle Own(int descriptor) => new(LinuxFileSystem.Check(descriptor), ownsHandle: true);

    private readonly record struct Folder(string Path, SafeFileHandle Handle);
}
