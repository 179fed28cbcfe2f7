using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// A folder of this machine that takes an exporter's files (<c>type=local</c>). They are put together beside it and moved in
/// at the end: in one step if it does not exist, else merged into what is there.
/// </summary>
public sealed class FolderOutput : ITreeOutput
{
    private readonly IFileSystem _files = IFileSystem.Current;
    private readonly Lock _gate = new();
    private readonly List<string> _trees = [];
    private Staging? _staging;
    private bool _isDisposed;

    /// <summary>Takes files for a folder.</summary>
    /// <param name="destination">The folder; made absolute against the process's folder. It and the folders above it are made if they are missing.</param>
    public FolderOutput(string destination)
    {
        ArgumentException.ThrowIfNullOrEmpty(destination);
        Destination = Path.GetFullPath(destination);
    }

    /// <summary>The folder's absolute path.</summary>
    public string Destination { get; }

    /// <summary>Finds out, without changing anything, whether a folder can be written.</summary>
    /// <param name="destination">The folder.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>, naming the path.</exception>
    public static void CheckWritable(string destination)
    {
        ArgumentException.ThrowIfNullOrEmpty(destination);
        _ = Resolve(destination, IFileSystem.Current).FindStagingParent();
    }

    /// <inheritdoc/>
    public ITreeWriter OpenTree()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _staging ??= new Staging(Resolve(Destination, _files).FindStagingParent(), _files);

            // Each tree by itself: what one engine call put in place must not be a way for another.
            var tree = NewFolder($"tree-{_trees.Count}");
            _trees.Add(tree);
            return new FolderTreeWriter(tree, Destination, _files);
        }
    }

    /// <inheritdoc/>
    public Task CommitAsync(CancellationToken cancellationToken) => Task.Run(Commit, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _staging?.Dispose();
            _staging = null;
        }

        return ValueTask.CompletedTask;
    }

    private static Destination Resolve(string path, IFileSystem files)
    {
        var destination = Files.Destination.Resolve(path, files);
        return destination.Status is null or { IsDirectory: true }
            ? destination
            : throw OutputFailures.NotWritable(path, "it is not a folder.");
    }

    private void Commit()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_staging is null)
            {
                return;
            }

            var merge = new TreeMerge(NewFolder("replaced"), _files);
            foreach (var tree in _trees.Skip(1))
            {
                merge.Merge(tree, _trees[0]);
            }

            Place(Resolve(Destination, _files), merge);
            _staging.Dispose();
            _staging = null;
        }
    }

    private void Place(Destination destination, TreeMerge merge)
    {
        if (destination.Status is not null)
        {
            merge.Merge(_trees[0], destination.Path);
            return;
        }

        try
        {
            if (Path.GetDirectoryName(destination.Path) is { } parent)
            {
                CreateParents(parent);
            }

            _files.Rename(_trees[0], destination.Path);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, destination.Path);
        }
    }

    private static void CreateParents(string parent)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(parent);
        }
        else if (!Directory.Exists(parent))
        {
            // As in the reference: what is made on the way is the user's own.
            _ = Directory.CreateDirectory(parent, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private string NewFolder(string name)
    {
        var folder = Path.Join(_staging!.Folder, name);
        try
        {
            _files.CreateDirectory(folder);
            return folder;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Destination);
        }
    }
}
