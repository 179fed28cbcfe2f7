using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// Moves a staged tree into a folder that exists: what is not there yet comes by one rename, whole folders included; a folder
/// that is there keeps what else is in it; anything else is replaced. Links are replaced, never followed.
/// </summary>
internal sealed class TreeMerge
{
    private readonly IFileSystem _files;
    private readonly string _replaced;
    private int _replacedCount;

    /// <summary>Prepares merges.</summary>
    /// <param name="replaced">A folder on the same file system that takes the folders that are replaced.</param>
    /// <param name="files">The file system.</param>
    public TreeMerge(string replaced, IFileSystem files)
    {
        _replaced = replaced;
        _files = files;
    }

    /// <summary>Moves what is in one folder into another.</summary>
    /// <param name="from">The staged folder.</param>
    /// <param name="to">The folder that exists.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public void Merge(string from, string to)
    {
        foreach (var name in FolderNames.Read(from))
        {
            var (source, target) = (Path.Join(from, name), Path.Join(to, name));
            try
            {
                MergeEntry(source, target);
            }
            catch (Exception e) when (OutputFailures.IsFileFailure(e))
            {
                throw OutputFailures.From(e, target);
            }
        }
    }

    private void MergeEntry(string source, string target)
    {
        var incoming = _files.Status(source)!.Value;
        if (_files.Status(target) is not { } existing)
        {
            Move(source, target, incoming);
        }
        else if (incoming.IsDirectory && existing.IsDirectory)
        {
            var attributes = _files.ExtendedAttributes(source);
            Merge(source, target);
            _files.SetMetadata(target, new FileEntry
            {
                Path = target,
                Mode = incoming.Mode,
                ModifiedNanoseconds = incoming.ModifiedNanoseconds,
                ExtendedAttributes = attributes,
            });
        }
        else
        {
            // A folder is set aside whole and goes with the staging folder: it is there or gone, never half removed.
            if (existing.IsDirectory || incoming.IsDirectory)
            {
                Move(target, Path.Join(_replaced, $"{_replacedCount++}"), existing);
            }

            Move(source, target, incoming);
        }
    }

    private void Move(string source, string target, FileStatus status)
    {
        try
        {
            _files.Rename(source, target);
        }
        catch (UnauthorizedAccessException) when (status.IsDirectory && !OperatingSystem.IsWindows())
        {
            // Moving a folder changes its "..", for which it has to be writable.
            var mode = (UnixFileMode)(UnixFileModes.ToUnix(status.Mode) & 0xFFF);
            File.SetUnixFileMode(source, mode | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            _files.Rename(source, target);
            File.SetUnixFileMode(target, mode);
        }
    }
}
