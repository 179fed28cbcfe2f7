using System.Text.Unicode;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>One walk over a tree, depth first, in the protocol's order.</summary>
internal sealed class TreeWalk
{
    /// <summary>How many folders on the way down are held open; those above are opened again when the walk comes back.</summary>
    private const int MaxOpen = 64;

    /// <summary>Longest path that an engine can make something at, in bytes.</summary>
    private const int MaxPathBytes = 4095;

    private readonly string _root;
    private readonly ISourceTree _tree;
    private readonly TreeFilter _filter;
    private readonly TreeFilter.FolderMatches _matches;
    private readonly List<Folder> _open = [];
    private readonly Queue<FileEntry> _found = new();
    private readonly PathTable _linkedPaths = new();
    private readonly Dictionary<(ulong Device, ulong Inode), int> _linked = [];

    /// <summary>Prepares a walk.</summary>
    /// <param name="root">The tree's folder, for messages.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="filter">What to list.</param>
    public TreeWalk(string root, ISourceTree tree, TreeFilter filter)
    {
        _root = root;
        _tree = tree;
        _filter = filter;
        _matches = filter.NewMatches();
    }

    /// <summary>Lists the entries. Can be called once.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The entries, found while they are read.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuildContextUnreadable"/>.</exception>
    public IEnumerable<FileEntry> Entries(CancellationToken cancellationToken)
    {
        try
        {
            Open("", default, _filter.NewMatches(), isListed: true, _ => _tree.OpenRoot(), []);
            while (_open.Count > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Step();
                while (_found.TryDequeue(out var entry))
                {
                    yield return entry;
                }
            }
        }
        finally
        {
            _open.ForEach(f => f.Dispose());
        }
    }

    /// <summary>The failure for something that cannot be read.</summary>
    /// <param name="path">Its path in the tree.</param>
    /// <param name="fullPath">Its path.</param>
    /// <param name="reason">What the system says.</param>
    /// <param name="cause">The cause.</param>
    /// <returns>The failure.</returns>
    public static BuildxException Unreadable(string path, string fullPath, string reason, Exception? cause) => new(
        BuildxFailure.BuildContextUnreadable,
        $"'{TreePath.Show(path.Length == 0 ? fullPath : path)}' in the build context cannot be read: {reason}",
        $"Make '{TreePath.Show(fullPath)}' readable, or exclude it in .dockerignore.",
        cause);

    /// <summary>Looks at the next name.</summary>
    private void Step()
    {
        var folder = _open[^1];
        if (folder.Next == folder.Names.Count)
        {
            _open.RemoveAt(_open.Count - 1);
            folder.Dispose();
            return;
        }

        var index = folder.Next++;
        var name = folder.Names[index];
        var path = PathOf(folder, name);
        var selected = _filter.Select(path, folder.Matches, _matches, out var mayHold);
        if (!selected && (!mayHold || folder.Names.KindOf(index) == NameList.Kind.Other))
        {
            return;
        }

        if (Status(folder, name, path, selected) is not { } status || (!selected && !status.IsDirectory))
        {
            return;
        }

        if (selected)
        {
            CheckLength(path);
            AddParents();
            _found.Enqueue(Entry(folder, name, path, status));
        }

        if (status.IsDirectory && mayHold)
        {
            Open(path, status, _matches.Copy(), selected, folder.Source.OpenFolder, name);
        }
    }

    private static void CheckLength(string path)
    {
        if (NameBytes.MaxBytes(path.Length) > MaxPathBytes && NameBytes.Count(path) is > MaxPathBytes and var length)
        {
            throw new BuildxException(
                BuildxFailure.BuildContextUnreadable,
                $"'{TreePath.Show(path)}' in the build context cannot be sent: its path there has {length} bytes, and an engine can make no more than {MaxPathBytes} of it.",
                "Move it to where its path is shorter, or exclude it in .dockerignore.");
        }
    }

    /// <summary>A parent that was not asked for itself is listed as soon as something in it is.</summary>
    private void AddParents()
    {
        for (var i = 1; i < _open.Count; i++)
        {
            var folder = _open[i];
            if (!folder.IsListed)
            {
                folder.IsListed = true;
                _found.Enqueue(Entry(_open[i - 1], folder.Name, folder.Path, folder.Status));
            }
        }
    }

    private delegate ISourceFolder? Opening(ReadOnlySpan<byte> name);

    private void Open(string path, FileStatus status, TreeFilter.FolderMatches matches, bool isListed, Opening open, ReadOnlySpan<byte> name)
    {
        ISourceFolder? source = null;
        try
        {
            // What went away since its folder was read is as good as empty.
            source = open(name);
            if (source is null)
            {
                return;
            }

            _open.Add(new Folder(path, name.ToArray(), status, matches, source, source.ReadNames()) { IsListed = isListed });
            if (_open.Count > MaxOpen)
            {
                _open[^(MaxOpen + 1)].Source.Rest();
            }
        }
        catch (DirectoryNotFoundException) when (path.Length > 0)
        {
            source?.Dispose();
        }
        catch (UnauthorizedAccessException) when (!isListed)
        {
            // Looked into only for exceptions to a pattern that leaves it out.
            source?.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            source?.Dispose();
            throw Unreadable(path, FullPath(path), e.Message, e);
        }
    }

    private FileStatus? Status(Folder folder, ReadOnlySpan<byte> name, string path, bool selected)
    {
        try
        {
            // What went away since its folder was read is not there.
            return folder.Source.Status(name);
        }
        catch (UnauthorizedAccessException) when (!selected)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, FullPath(path), e.Message, e);
        }
    }

    private FileEntry Entry(Folder folder, ReadOnlySpan<byte> name, string path, FileStatus status)
    {
        try
        {
            return new FileEntry
            {
                Path = path,

                // A socket travels as an empty file; archives know no sockets.
                Mode = status.Mode & ~FileEntryMode.Socket,
                Size = status.IsDirectory ? 0 : status.Size,
                ModifiedNanoseconds = status.ModifiedNanoseconds,
                LinkName = status.IsSymlink ? folder.Source.ReadLink(name) : EarlierName(path, status),
                DeviceMajor = status.DeviceMajor,
                DeviceMinor = status.DeviceMinor,
                ExtendedAttributes = folder.Source.ExtendedAttributes(name),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, FullPath(path), e.Message, e);
        }
    }

    private string EarlierName(string path, FileStatus status)
    {
        if (status.IsDirectory)
        {
            _ = _linkedPaths.Add(path, isFolder: true);
            return "";
        }

        if (status.LinkCount < 2)
        {
            return "";
        }

        var inode = (status.Device, status.Inode);
        if (_linked.TryGetValue(inode, out var earlier))
        {
            return _linkedPaths[earlier];
        }

        _linked[inode] = _linkedPaths.Add(path, isFolder: false);
        return "";
    }

    private string FullPath(string path) => Path.Join(_root, path);

    private static string PathOf(Folder folder, ReadOnlySpan<byte> name)
    {
        const int stackLength = 256;
        Span<char> text = stackalloc char[stackLength];
        name = name[..^1];
        return Utf8.ToUtf16(name, text, out _, out var length, replaceInvalidSequences: false) == System.Buffers.OperationStatus.Done
            ? string.Concat(folder.Prefix, text[..length])
            : folder.Prefix + NameBytes.Decode(name);
    }

    private sealed class Folder(string path, byte[] name, FileStatus status, TreeFilter.FolderMatches matches, ISourceFolder source, NameList names) : IDisposable
    {
        public string Path => path;

        public string Prefix { get; } = path.Length == 0 ? "" : path + "/";

        public byte[] Name => name;

        public FileStatus Status => status;

        public TreeFilter.FolderMatches Matches => matches;

        public ISourceFolder Source => source;

        public NameList Names => names;

        public int Next { get; set; }

        public bool IsListed { get; set; }

        public void Dispose()
        {
            names.Dispose();
            source.Dispose();
        }
    }
}
