using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// Puts something where nothing is. The folders that are missing on the way are made around it before, so that one rename does
/// it all.
/// </summary>
internal sealed class NewPlace : IPlacement
{
    private readonly IFileSystem _files;
    private readonly string _source;
    private readonly string _target;
    private readonly string _destination;

    private NewPlace(string source, string target, string destination, IFileSystem files)
    {
        _source = source;
        _target = target;
        _destination = destination;
        _files = files;
    }

    /// <summary>Prepares the way.</summary>
    /// <param name="staged">What is put in place; moved within the staging folder.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="staging">The staging folder.</param>
    /// <param name="folderMode">The mode of folders that are missing on the way.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The placement, and where the staged entry is now.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public static (NewPlace Place, string Staged) Prepare(string staged, Destination destination, string staging, UnixFileMode folderMode, IFileSystem files)
    {
        if (destination.Parent == destination.Ancestor)
        {
            return (new NewPlace(staged, destination.Path, destination.Path, files), staged);
        }

        try
        {
            var missing = Path.GetRelativePath(destination.Ancestor, destination.Path);
            var top = missing[..missing.IndexOf(Path.DirectorySeparatorChar, StringComparison.Ordinal)];
            var around = Path.Join(staging, $"place-{Guid.NewGuid():N}");
            var inside = Path.Join(around, missing);
            CreateFolders(around, Path.GetDirectoryName(missing)!, folderMode);
            files.Rename(staged, inside);
            return (new NewPlace(Path.Join(around, top), Path.Join(destination.Ancestor, top), destination.Path, files), inside);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, destination.Path);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    /// <inheritdoc/>
    public void Apply()
    {
        try
        {
            _files.Rename(_source, _target);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            var failure = OutputFailures.From(e, _destination);
            throw _files.Status(_target) is null ? failure : new DestinationChangedException(failure);
        }
    }

    /// <inheritdoc/>
    public void Undo()
    {
        try
        {
            if (_files.Status(_source) is null && _files.Status(_target) is not null)
            {
                _files.Rename(_target, _source);
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, _destination);
        }
    }

    private static void CreateFolders(string around, string missing, UnixFileMode mode)
    {
        // One by one: .NET gives a mode to the last one only.
        _ = Directory.CreateDirectory(around);
        for (var end = missing.IndexOf(Path.DirectorySeparatorChar, StringComparison.Ordinal); ; end = missing.IndexOf(Path.DirectorySeparatorChar, end + 1))
        {
            var folder = Path.Join(around, end < 0 ? missing : missing[..end]);
            _ = OperatingSystem.IsWindows() ? Directory.CreateDirectory(folder) : Directory.CreateDirectory(folder, mode);
            if (end < 0)
            {
                return;
            }
        }
    }
}
