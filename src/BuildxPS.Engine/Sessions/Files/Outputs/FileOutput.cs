using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// A file of this machine that takes an exporter's bytes (<c>type=tar</c> and the like). It is written beside its destination
/// and takes its place in one step.
/// </summary>
public sealed class FileOutput : IFileOutput
{
    private const UnixFileMode EveryoneReads = (UnixFileMode)0x1ED;

    private readonly IFileSystem _files;
    private Staging? _staging;
    private string? _staged;
    private Commit? _commit;
    private int _isOpened;
    private volatile bool _isComplete;

    /// <summary>Takes bytes for a file.</summary>
    /// <param name="destination">The file; made absolute against the process's folder. The folders above it are made if they are missing.</param>
    public FileOutput(string destination)
        : this(destination, IFileSystem.Current)
    {
    }

    /// <summary>Takes bytes for a file of another file system.</summary>
    internal FileOutput(string destination, IFileSystem files)
    {
        ArgumentException.ThrowIfNullOrEmpty(destination);
        Destination = Path.GetFullPath(destination);
        _files = files;
    }

    /// <summary>The file's absolute path.</summary>
    public string Destination { get; }

    /// <summary>Finds out, without changing anything, whether a file can be written.</summary>
    /// <param name="destination">The file.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>, naming the path.</exception>
    public static void CheckWritable(string destination)
    {
        ArgumentException.ThrowIfNullOrEmpty(destination);
        var resolved = Resolve(destination, IFileSystem.Current);
        if (resolved.Status is null or { IsRegular: true })
        {
            _ = resolved.FindStagingParent();
        }
    }

    /// <summary>Writes a whole file.</summary>
    /// <param name="destination">The file.</param>
    /// <param name="content">Its content.</param>
    /// <param name="cancellationToken">Gives up; the file is then as it was.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    internal static async Task WriteAsync(string destination, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var file = new FileOutput(destination);
        await using (file.ConfigureAwait(false))
        {
            var stream = await file.OpenAsync(new Dictionary<string, string>(), cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                await stream.WriteAsync(content, cancellationToken).ConfigureAwait(false);
            }

            file.Complete();
            await file.PrepareAsync(cancellationToken).ConfigureAwait(false);
            await file.CommitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Interlocked.Exchange(ref _isOpened, 1) == 0
            ? Task.FromResult<Stream>(new StagedFile(Open(), Destination))
            : throw WireReader.Violation($"it sends '{TreePath.Show(Destination)}' a second time");
    }

    /// <inheritdoc/>
    public void Complete() => _isComplete = true;

    /// <inheritdoc/>
    public Task PrepareAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();

        // From here on nothing is opened any more.
        var isOpened = Interlocked.Exchange(ref _isOpened, 1) != 0;
        if (!_isComplete)
        {
            throw WireReader.Violation($"it reported success, but sent {(isOpened ? "not all" : "nothing")} of '{TreePath.Show(Destination)}'");
        }

        if (_staging is not null)
        {
            _commit = new Commit(PreparePlacement, _staging, Destination);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _commit?.Apply();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<string> UndoAsync()
    {
        var said = $"'{TreePath.Show(Destination)}' took the bytes, and is no file that could be put back.";
        _ = _commit?.TryUndo(out said);
        return Task.FromResult(said);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _staging?.Dispose();
        _staging = null;
        return ValueTask.CompletedTask;
    }

    private static Destination Resolve(string path, IFileSystem files)
    {
        var destination = Outputs.Destination.Resolve(path, files);
        if (destination.Status is { IsDirectory: true })
        {
            throw OutputFailures.NotWritable(path, "it is a folder, and a file is needed.");
        }

        try
        {
            // To replace a file takes no right to write it. A user who took that right away meant something by it.
            if (destination.Status is not null)
            {
                files.DemandWriteFile(destination.Path);
            }

            return destination;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, path);
        }
    }

    private FileStream Open()
    {
        var destination = Resolve(Destination, _files);
        try
        {
            if (destination.Status is { IsRegular: false })
            {
                // A pipe or a device, like /dev/stdout or /dev/null: it takes the bytes, and is not replaced.
                return new FileStream(destination.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            }

            Leftovers.CleanUp(destination, _files);
            _staging = Staging.Create(destination.FindStagingParent(), _files);
            _staged = Path.Join(_staging.Folder, "file");
            var file = new FileStream(_staged, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 });
            if (destination.Status is { } existing && !OperatingSystem.IsWindows())
            {
                _files.CopyOwner(_staged, existing);
                File.SetUnixFileMode(file.SafeFileHandle, (UnixFileMode)(UnixFileModes.ToUnix(existing.Mode) & 0x1FF));
            }

            return file;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Destination);
        }
    }

    private IPlacement PreparePlacement()
    {
        var destination = Resolve(Destination, _files);
        if (destination.Status is { } existing)
        {
            return new ReplacedFile(_staged!, destination.Path, Path.Join(_staging!.Folder, $"aside-{Guid.NewGuid():N}"), existing, _files);
        }

        (var place, _staged) = NewPlace.Prepare(_staged!, destination, _staging!.Folder, EveryoneReads, _files);
        return place;
    }
}
