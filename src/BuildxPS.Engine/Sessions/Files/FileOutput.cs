using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// A file of this machine that takes an exporter's bytes (<c>type=tar</c> and the like). It is written beside its destination
/// and takes its place in one step.
/// </summary>
public sealed class FileOutput : IFileOutput
{
    private readonly IFileSystem _files = IFileSystem.Current;
    private string? _staged;
    private string? _target;
    private bool _isOpened;

    /// <summary>Takes bytes for a file.</summary>
    /// <param name="destination">The file; made absolute against the process's folder. The folders above it are made if they are missing.</param>
    public FileOutput(string destination)
    {
        ArgumentException.ThrowIfNullOrEmpty(destination);
        Destination = Path.GetFullPath(destination);
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

    /// <inheritdoc/>
    public Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_isOpened)
        {
            throw WireReader.Violation($"it sends '{TreePath.Show(Destination)}' a second time");
        }

        _isOpened = true;
        return Task.FromResult<Stream>(new StagedFile(Open(), Destination));
    }

    /// <inheritdoc/>
    public Task CommitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_staged is null || _target is null)
        {
            return Task.CompletedTask;
        }

        try
        {
            CreateParents(Path.GetDirectoryName(_target)!);
            _files.Rename(_staged, _target);
            _staged = null;
            return Task.CompletedTask;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Destination);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        try
        {
            if (_staged is not null)
            {
                File.Delete(_staged);
                _staged = null;
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // Cleaning up must not hide what went wrong before it.
        }

        return ValueTask.CompletedTask;
    }

    private static Destination Resolve(string path, IFileSystem files)
    {
        var destination = Files.Destination.Resolve(path, files);
        return destination.Status is { IsDirectory: true }
            ? throw OutputFailures.NotWritable(path, "it is a folder, and a file is needed.")
            : destination;
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

            var staged = Staging.NewName(destination.FindStagingParent());
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
            var file = new FileStream(staged, options);
            (_staged, _target) = (staged, destination.Path);
            if (destination.Status is { } existing && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file.SafeFileHandle, (UnixFileMode)(UnixFileModes.ToUnix(existing.Mode) & 0x1FF));
            }

            return file;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, Destination);
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
            const UnixFileMode everyoneReads = (UnixFileMode)0x1ED;
            _ = Directory.CreateDirectory(parent, everyoneReads);
        }
    }
}
