using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>One walk over a folder, depth first, in the protocol's order.</summary>
internal sealed class TreeWalk
{
    private readonly string _root;
    private readonly TreeFilter _filter;
    private readonly IFileSystem _files;
    private readonly TreeFilter.FolderMatches _matches;
    private readonly List<Folder> _open = [];
    private readonly Dictionary<(ulong Device, ulong Inode), string> _linked = [];

    /// <summary>Prepares a walk.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="filter">What to list.</param>
    /// <param name="files">The file system.</param>
    public TreeWalk(string root, TreeFilter filter, IFileSystem files)
    {
        _root = root;
        _filter = filter;
        _files = files;
        _matches = filter.NewMatches();
    }

    /// <summary>Lists the entries. Can be called once.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The entries, found while they are read.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuildContextUnreadable"/>.</exception>
    public IEnumerable<FileEntry> Entries(CancellationToken cancellationToken)
    {
        _open.Add(new Folder("", _root, default, _filter.NewMatches(), ReadNames("", _root, selected: true)) { IsListed = true });
        while (_open.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var folder = _open[^1];
            if (folder.Next == folder.Names.Count)
            {
                _open.RemoveAt(_open.Count - 1);
                continue;
            }

            var name = folder.Names[folder.Next++];
            var path = folder.Path.Length == 0 ? name : $"{folder.Path}/{name}";
            var selected = _filter.Select(path, folder.Matches, _matches, out var mayHold);
            if (!selected && !mayHold)
            {
                continue;
            }

            var fullPath = Path.Join(folder.FullPath, name);
            if (Status(path, fullPath, selected) is not { } status || (!selected && !status.IsDirectory))
            {
                continue;
            }

            if (selected)
            {
                // A parent that was not asked for itself is listed as soon as something in it is.
                foreach (var parent in _open)
                {
                    if (!parent.IsListed)
                    {
                        parent.IsListed = true;
                        yield return Entry(parent.Path, parent.FullPath, parent.Status);
                    }
                }

                yield return Entry(path, fullPath, status);
            }

            if (status.IsDirectory && mayHold)
            {
                _open.Add(new Folder(path, fullPath, status, _matches.Copy(), ReadNames(path, fullPath, selected)) { IsListed = selected });
            }
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

    private FileStatus? Status(string path, string fullPath, bool selected)
    {
        try
        {
            // What went away since its folder was read is not there.
            return _files.Status(fullPath) ?? (path.Contains('\uFFFD') && OperatingSystem.IsLinux()
                ? throw Unreadable(path, fullPath, "its name is not valid UTF-8.", null)
                : null);
        }
        catch (UnauthorizedAccessException) when (!selected)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, fullPath, e.Message, e);
        }
    }

    private FileEntry Entry(string path, string fullPath, FileStatus status)
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
                LinkName = status.IsSymlink ? _files.ReadLink(fullPath) : EarlierName(path, status),
                DeviceMajor = status.DeviceMajor,
                DeviceMinor = status.DeviceMinor,
                ExtendedAttributes = _files.ExtendedAttributes(fullPath),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, fullPath, e.Message, e);
        }
    }

    private string EarlierName(string path, FileStatus status)
    {
        if (status.LinkCount < 2 || status.IsDirectory)
        {
            return "";
        }

        var inode = (status.Device, status.Inode);
        if (_linked.TryGetValue(inode, out var earlier))
        {
            return earlier;
        }

        _linked[inode] = path;
        return "";
    }

    private static List<string> ReadNames(string path, string fullPath, bool selected)
    {
        try
        {
            return FolderNames.Read(fullPath);
        }
        catch (UnauthorizedAccessException) when (!selected)
        {
            // Looked into only for exceptions to a pattern that leaves it out.
            return [];
        }
        catch (DirectoryNotFoundException) when (path.Length > 0)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, fullPath, e.Message, e);
        }
    }

    private sealed record Folder(string Path, string FullPath, FileStatus Status, TreeFilter.FolderMatches Matches, List<string> Names)
    {
        public int Next { get; set; }

        public bool IsListed { get; set; }
    }
}
