using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Receiving;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// Puts one incoming tree into a folder of our own. Not safe for several threads.
/// </summary>
internal sealed class FolderTreeWriter : ITreeWriter
{
    private const int MaxEntries = 4_000_000;

    // Hard links wait for the files that they name. Every file of a tree of a million may have one.
    private const long MaxHeldBytes = 256L * 1024 * 1024;

    private readonly string _destination;
    private readonly IFileSystem _files;
    private readonly ITargetTree _tree;
    private readonly TreeOrder _order = new();
    private readonly List<FileEntry> _folders = [];
    private readonly List<FileEntry> _links = [];
    private long _heldBytes;
    private int _count;
    private int _awaited;

    /// <summary>Writes into an empty folder.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="destination">What the user knows it as, for messages.</param>
    /// <param name="files">The file system.</param>
    public FolderTreeWriter(string root, string destination, IFileSystem files)
    {
        _destination = destination;
        _files = files;
        _tree = files.OpenTarget(root, destination);
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

        try
        {
            Create(entry);
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
    public Stream OpenWrite(FileEntry file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (--_awaited < 0)
        {
            throw new InvalidOperationException("No file waits for its bytes.");
        }

        try
        {
            return new StagedFile(_tree.CreateFile(WithoutForeignRights(file)), _destination, file.Path);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Shown(file.Path));
        }
    }

    /// <inheritdoc/>
    public void Complete()
    {
        if (_awaited > 0)
        {
            throw WireReader.Violation($"the bytes of {_awaited} files were not sent");
        }

        foreach (var link in _links)
        {
            CompleteEntry(link, l => LinkIfThere(l, isListed: true));
        }

        // Folders last and from the deepest on: writing in them changes their times, and some may not be written in.
        for (var i = _folders.Count - 1; i >= 0; i--)
        {
            CompleteEntry(_folders[i], _tree.CompleteDirectory);
        }

        IsComplete = true;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _tree.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Only root makes programs that run as somebody else: with the reference, too, the bits go as soon as another user writes
    /// a file's bytes, and so nobody gets to act as the user who exported something.
    /// </summary>
    private static FileEntry WithoutForeignRights(FileEntry entry) =>
        (entry.Mode & FileEntryMode.TypeMask) != 0 || (entry.Mode & (FileEntryMode.SetUid | FileEntryMode.SetGid)) == 0 || Environment.IsPrivilegedProcess
            ? entry
            : entry with { Mode = entry.Mode & ~(FileEntryMode.SetUid | FileEntryMode.SetGid) };

    private void CompleteEntry(FileEntry entry, Action<FileEntry> complete)
    {
        try
        {
            complete(entry);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Shown(entry.Path));
        }
    }

    private void Create(FileEntry entry)
    {
        switch (entry.Mode & FileEntryMode.TypeMask)
        {
            case FileEntryMode.Directory:
                _tree.CreateDirectory(entry.Path);
                _folders.Add(entry);
                break;
            case FileEntryMode.Symlink:
                CheckTarget(entry);
                _tree.CreateSymbolicLink(entry);
                break;
            case FileEntryMode.NamedPipe or FileEntryMode.Device or (FileEntryMode.Device | FileEntryMode.CharDevice):
                _tree.CreateSpecial(entry);
                break;
            case 0 when entry.LinkName.Length > 0:
                LinkIfThere(entry, isListed: false);
                break;
            case 0:
                _awaited++;
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
    /// Makes a hard link. What it names must be a file of this tree: the system would follow a link on the way to it, and so link
    /// a file from outside. A file whose bytes are still to come is linked at the end.
    /// </summary>
    private void LinkIfThere(FileEntry entry, bool isListed)
    {
        var name = entry.LinkName;
        var mayBeLinked = TreePath.Problem(name) is null && TreePath.Compare(name, entry.Path) < 0 && HasPlainNames(name);
        switch (mayBeLinked ? _tree.Find(name) : TargetEntry.Other)
        {
            case TargetEntry.File:
                _tree.CreateHardLink(entry.Path, name);
                break;
            case TargetEntry.Nothing when !isListed:
                HoldLink(entry);
                break;
            default:
                throw WireReader.Violation($"the hard link '{TreePath.Show(entry.Path)}' names '{TreePath.Show(name)}', which is no file that came before it");
        }
    }

    private void HoldLink(FileEntry entry)
    {
        const int ObjectsBytes = 192;
        _heldBytes += ObjectsBytes + (2L * (entry.Path.Length + entry.LinkName.Length));
        if (_heldBytes > MaxHeldBytes)
        {
            throw WireReader.Violation("so many hard links wait for the files that they name that they do not fit into memory");
        }

        _links.Add(entry with { ExtendedAttributes = null });
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
        if (_files.NameProblem(TreePath.Name(path)) is { } problem)
        {
            throw OutputFailures.NotWritable(Shown(path), $"its name {problem}.");
        }
    }

    private string Shown(string path) => Path.Join(_destination, path);
}
