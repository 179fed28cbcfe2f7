using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// Puts one incoming tree into a folder of our own. Not safe for several threads.
/// </summary>
internal sealed class FolderTreeWriter : ITreeWriter
{
    private const int MaxEntries = 4_000_000;

    private readonly string _root;
    private readonly string _destination;
    private readonly IFileSystem _files;
    private readonly TreeOrder _order = new();
    private readonly List<FileEntry> _folders = [];
    private readonly Dictionary<string, (FileEntry Entry, bool IsCreated)> _awaited = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Writes into an empty folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="destination">What the user knows it as, for messages.</param>
    /// <param name="files">The file system.</param>
    public FolderTreeWriter(string root, string destination, IFileSystem files)
    {
        _root = root;
        _destination = destination;
        _files = files;
    }

    /// <summary>Whether all entries and bytes are there.</summary>
    public bool IsComplete { get; private set; }

    /// <inheritdoc/>
    public void Add(FileEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        _order.Check(entry);
        if (++_count > MaxEntries)
        {
            throw WireReader.Violation($"a tree has more than {MaxEntries} entries");
        }

        CheckName(entry.Path);
        if (entry.Size < 0)
        {
            throw WireReader.Violation($"'{TreePath.Show(entry.Path)}' has a size of {entry.Size} bytes");
        }

        entry = WithoutForeignRights(entry);
        try
        {
            Create(entry, Path.Join(_root, entry.Path));
        }
        catch (UnauthorizedAccessException e) when ((entry.Mode & FileEntryMode.Device) != 0)
        {
            throw OutputFailures.NotWritable(
                Shown(entry.Path),
                "it is a device, which only root may make.",
                e,
                "Leave it out of the stage that is exported, or run as root.");
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Shown(entry.Path));
        }
    }

    /// <inheritdoc/>
    public Stream OpenWrite(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!_awaited.Remove(path, out var file))
        {
            throw new ArgumentException("No file of that path waits for its bytes.", nameof(path));
        }

        return new StagedFile(
            Open(path, file.IsCreated ? FileMode.Open : FileMode.CreateNew),
            Shown(path),
            () => _files.SetMetadata(Path.Join(_root, path), file.Entry));
    }

    /// <inheritdoc/>
    public void Complete()
    {
        if (_awaited.Count > 0)
        {
            throw WireReader.Violation($"the bytes of '{TreePath.Show(_awaited.Keys.First())}' were not sent");
        }

        // Folders last and from the deepest on: writing in them changes their times, and some may not be written in.
        for (var i = _folders.Count - 1; i >= 0; i--)
        {
            var folder = _folders[i];
            try
            {
                _files.SetMetadata(Path.Join(_root, folder.Path), folder);
            }
            catch (Exception e) when (OutputFailures.IsFileFailure(e))
            {
                throw OutputFailures.From(e, Shown(folder.Path));
            }
        }

        IsComplete = true;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>
    /// Only root makes programs that run as somebody else: with the reference, too, the bits go as soon as another user writes
    /// a file's bytes, and so nobody gets to act as the user who exported something.
    /// </summary>
    private static FileEntry WithoutForeignRights(FileEntry entry) =>
        (entry.Mode & FileEntryMode.TypeMask) != 0 || (entry.Mode & (FileEntryMode.SetUid | FileEntryMode.SetGid)) == 0 || Environment.IsPrivilegedProcess
            ? entry
            : entry with { Mode = entry.Mode & ~(FileEntryMode.SetUid | FileEntryMode.SetGid) };

    private void Create(FileEntry entry, string path)
    {
        switch (entry.Mode & FileEntryMode.TypeMask)
        {
            case FileEntryMode.Directory:
                _files.CreateDirectory(path);
                _folders.Add(entry);
                break;
            case FileEntryMode.Symlink:
                CheckTarget(entry);
                _files.CreateSymbolicLink(path, entry.LinkName, isDirectory: Directory.Exists(Path.Join(Path.GetDirectoryName(path), entry.LinkName)));
                _files.SetMetadata(path, entry);
                break;
            case FileEntryMode.NamedPipe or FileEntryMode.Device or (FileEntryMode.Device | FileEntryMode.CharDevice):
                _files.CreateSpecial(path, entry);
                _files.SetMetadata(path, entry);
                break;
            case 0 when entry.LinkName.Length > 0:
                _files.CreateHardLink(path, FindLinked(entry));
                break;
            case 0:
                _awaited.Add(entry.Path, (entry, false));
                break;
            default:
                throw WireReader.Violation($"'{TreePath.Show(entry.Path)}' is of a kind that cannot be sent");
        }
    }

    private static void CheckTarget(FileEntry entry)
    {
        if (entry.LinkName.Length is 0 or > TreePath.MaxLength || entry.LinkName.Contains('\0'))
        {
            throw WireReader.Violation($"the link '{TreePath.Show(entry.Path)}' has an invalid target");
        }
    }

    /// <summary>
    /// The file that a hard link names. It must be one of this tree: the system would follow a link on the way to it, and so
    /// link a file from outside.
    /// </summary>
    private string FindLinked(FileEntry entry)
    {
        var name = entry.LinkName;
        if (TreePath.Problem(name) is null && TreePath.Compare(name, entry.Path) < 0 && HasPlainNames(name))
        {
            if (_awaited.TryGetValue(name, out var file))
            {
                if (!file.IsCreated)
                {
                    Open(name, FileMode.CreateNew).Dispose();
                    _awaited[name] = file with { IsCreated = true };
                }

                return Path.Join(_root, name);
            }

            var parents = true;
            for (var slash = name.IndexOf('/', StringComparison.Ordinal); slash >= 0 && parents; slash = name.IndexOf('/', slash + 1))
            {
                parents = _files.Status(Path.Join(_root, name.AsSpan(0, slash))) is { IsDirectory: true };
            }

            if (parents && _files.Status(Path.Join(_root, name)) is { IsRegular: true })
            {
                return Path.Join(_root, name);
            }
        }

        throw WireReader.Violation($"the hard link '{TreePath.Show(entry.Path)}' names '{TreePath.Show(name)}', which is no file that came before it");
    }

    private FileStream Open(string path, FileMode mode)
    {
        try
        {
            return new FileStream(Path.Join(_root, path), OptionsFor(mode));
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Shown(path));
        }
    }

    private static FileStreamOptions OptionsFor(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.ReadWrite, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode == FileMode.CreateNew)
        {
            // Its own mode comes when its bytes are there: it may forbid writing, and writing takes set-user-id away.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    /// <summary>Whether no part of a path means something else on this platform, such as two parts or a drive.</summary>
    private bool HasPlainNames(string path)
    {
        foreach (var part in path.AsSpan().Split('/'))
        {
            if (_files.NameProblem(path.AsSpan()[part]) is not null)
            {
                return false;
            }
        }

        return true;
    }

    private void CheckName(string path)
    {
        var name = path.AsSpan(TreePath.Parent(path) is { Length: > 0 } parent ? parent.Length + 1 : 0);
        if (_files.NameProblem(name) is { } problem)
        {
            throw OutputFailures.NotWritable(Shown(path), $"its name {problem}.");
        }
    }

    private string Shown(string path) => Path.Join(_destination, path);
}
