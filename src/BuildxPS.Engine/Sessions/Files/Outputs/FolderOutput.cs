using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// A folder of this machine that takes an exporter's files (<c>type=local</c>). They are put together beside it and moved in
/// at the end: in one step if it does not exist, else merged into what is there, or so that nothing else is there any more
/// (<c>mode=delete</c>). It is this client that deletes, once all files of all platforms are here: no engine has to know of it.
/// </summary>
public sealed class FolderOutput : ITreeOutput
{
    // One a platform; what sends more has something else in mind.
    private const int MaxTrees = 1000;

    private const UnixFileMode OwnersOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly IFileSystem _files;
    private readonly bool _mirrors;
    private readonly Lock _gate = new();
    private readonly List<(string Folder, FolderTreeWriter Writer)> _trees = [];
    private Staging? _staging;
    private string? _staged;
    private Commit? _commit;
    private bool _isClosed;

    /// <summary>Takes files for a folder.</summary>
    /// <param name="destination">The folder; made absolute against the process's folder. It and the folders above it are made if they are missing.</param>
    /// <param name="mirrors">Whether what the engine did not send is taken away.</param>
    public FolderOutput(string destination, bool mirrors = false)
        : this(destination, IFileSystem.Current, mirrors)
    {
    }

    /// <summary>Takes files for a folder of another file system.</summary>
    internal FolderOutput(string destination, IFileSystem files, bool mirrors = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(destination);
        Destination = Path.GetFullPath(destination);
        _files = files;
        _mirrors = mirrors;
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
            if (_isClosed || _trees.Count == MaxTrees)
            {
                throw WireReader.Violation($"it sends more for '{TreePath.Show(Destination)}' than belongs to the build");
            }

            _staging ??= NewStaging();

            // Each tree by itself: what one engine call put in place must not be a way for another.
            var folder = _staging.NewFolder($"tree-{_trees.Count}", Destination);
            var writer = new FolderTreeWriter(folder, Destination, _files);
            _trees.Add((folder, writer));
            return writer;
        }
    }

    /// <inheritdoc/>
    public Task PrepareAsync(CancellationToken cancellationToken) => Task.Run(Prepare, cancellationToken);

    /// <inheritdoc/>
    public Task CommitAsync(CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            lock (_gate)
            {
                (_commit ?? throw new InvalidOperationException("It was not prepared.")).Apply();
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<string> UndoAsync() => Task.Run(() =>
    {
        lock (_gate)
        {
            var said = "";
            _ = _commit?.TryUndo(out said);
            return said;
        }
    });

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            _commit?.Dispose();
            _staging?.Dispose();
            _staging = null;
        }

        return ValueTask.CompletedTask;
    }

    private static Destination Resolve(string path, IFileSystem files)
    {
        var destination = Outputs.Destination.Resolve(path, files);
        return destination.Status is null or { IsDirectory: true }
            ? destination
            : throw OutputFailures.NotWritable(path, "it is not a folder.");
    }

    private Staging NewStaging()
    {
        var destination = Resolve(Destination, _files);
        Leftovers.CleanUp(destination, _files);
        return Staging.Create(destination.FindStagingParent(), _files);
    }

    private void Prepare()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            _isClosed = true;
            if (_staging is null || _trees.Exists(t => !t.Writer.IsComplete))
            {
                throw WireReader.Violation(
                    $"it reported success, but sent {(_staging is null ? "nothing" : "not all files")} for '{TreePath.Show(Destination)}'");
            }

            _staged = _trees[0].Folder;
            foreach (var (folder, _) in _trees.Skip(1))
            {
                TreeMerge.Join(folder, _staged, _files);
            }

            _commit = new Commit(PreparePlacement, _staging, Destination);
        }
    }

    private IPlacement PreparePlacement()
    {
        var destination = Resolve(Destination, _files);
        if (destination.Status is not null)
        {
            return TreeMerge.Prepare(_staged!, destination.Path, _staging!.Folder, _files, _mirrors);
        }

        // As in the reference: what is made on the way is the user's own.
        (var place, _staged) = NewPlace.Prepare(_staged!, destination, _staging!.Folder, OwnersOnly, _files);
        return place;
    }
}
