using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>
/// A folder of this machine that an engine may read: a build context, the folder of a Dockerfile. From the first look at it
/// until it is disposed it stays the same folder, also if another one takes its place.
/// </summary>
public sealed class LocalFileSource : IFileSource, IDisposable
{
    private readonly IFileSystem _files;
    private readonly Lock _gate = new();
    private ISourceTree? _tree;
    private bool _isDisposed;

    /// <summary>Offers a folder. It is looked at only when an engine asks.</summary>
    /// <param name="root">The folder's path; made absolute against the process's folder.</param>
    public LocalFileSource(string root)
        : this(root, IFileSystem.Current)
    {
    }

    /// <summary>Offers a folder of another file system.</summary>
    internal LocalFileSource(string root, IFileSystem files)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        Root = Path.GetFullPath(root);
        _files = files;
    }

    /// <summary>The folder's absolute path.</summary>
    public string Root { get; }

    /// <inheritdoc/>
    public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        return Walk(selection, cancellationToken);
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (TreePath.Problem(path) is { } problem)
        {
            throw new ArgumentException($"The path {problem}.", nameof(path));
        }

        try
        {
            return OpenTree().OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TreeWalk.Unreadable(path, Path.Join(Root, path), e.Message, e);
        }
    }

    /// <summary>Lets go of the folder. What was opened in it stays open.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _tree?.Dispose();
        }
    }

    private IEnumerable<FileEntry> Walk(FileSelection selection, CancellationToken cancellationToken)
    {
        var root = Root;
        if (!Directory.Exists(root))
        {
            throw new BuildxException(
                BuildxFailure.BuildContextNotFound,
                $"The folder '{root}' does not exist or is not a folder.",
                "Give the path of a folder as build context.");
        }

        ISourceTree tree;
        try
        {
            tree = OpenTree();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TreeWalk.Unreadable("", root, e.Message, e);
        }

        var filter = TreeFilter.Create(selection, root, _files);
        foreach (var entry in new TreeWalk(root, tree, filter).Entries(cancellationToken))
        {
            yield return entry;
        }
    }

    private ISourceTree OpenTree()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _tree ??= _files.OpenTree(Root);
        }
    }
}
