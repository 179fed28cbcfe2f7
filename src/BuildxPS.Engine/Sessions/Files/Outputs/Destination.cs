using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>Where an output goes, links resolved, and where it can be staged.</summary>
internal sealed class Destination
{
    private readonly IFileSystem _files;

    private Destination(string path, FileStatus? status, string ancestor, IFileSystem files)
    {
        Path = path;
        Status = status;
        Ancestor = ancestor;
        _files = files;
    }

    /// <summary>The absolute path; not a symbolic link.</summary>
    public string Path { get; }

    /// <summary>What is there now, if anything.</summary>
    public FileStatus? Status { get; }

    /// <summary>The folder that it lies in, whether that exists or not.</summary>
    public string Parent => System.IO.Path.GetDirectoryName(Path) ?? Path;

    /// <summary>The nearest folder above that exists.</summary>
    public string Ancestor { get; }

    /// <summary>Looks at a destination.</summary>
    /// <param name="path">The path that was asked for.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The destination.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public static Destination Resolve(string path, IFileSystem files)
    {
        try
        {
            var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
            if (files.Status(full) is { IsSymlink: true })
            {
                // As in the reference, a link at the destination is followed; those inside are replaced.
                full = new FileInfo(full).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? full;
            }

            return new Destination(full, files.Status(full), FindAncestor(full), files);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e) || e is ArgumentException)
        {
            throw OutputFailures.From(e, path);
        }
    }

    /// <summary>
    /// Finds the folder in which the output is staged: beside the destination, so that it is moved there in one step; inside,
    /// if the destination is a folder that exists and is a mount of its own, or this user may not write around it.
    /// </summary>
    /// <returns>The folder.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public string FindStagingParent()
    {
        if (Status is not { IsDirectory: true })
        {
            Demand(Ancestor);
            return Ancestor;
        }

        Demand(Path);
        var beside = Parent;
        if (beside == Path || _files.Status(beside) is not { } around || (around.Device, around.Mount) != (Status.Value.Device, Status.Value.Mount))
        {
            // Nothing can be renamed from one mount into another, even if both show the same file system.
            return Path;
        }

        try
        {
            _files.DemandWrite(beside);
            return beside;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            return Path;
        }
    }

    private void Demand(string folder)
    {
        try
        {
            _files.DemandWrite(folder);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, folder == Path ? Path : folder);
        }
    }

    private static string FindAncestor(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(path) ?? path;
        while (!Directory.Exists(folder))
        {
            if (System.IO.Path.Exists(folder))
            {
                throw OutputFailures.NotWritable(path, $"'{folder}' is a file, so no folder can be in it.");
            }

            folder = System.IO.Path.GetDirectoryName(folder) ?? throw OutputFailures.NotWritable(path, $"'{folder}' does not exist.");
        }

        return folder;
    }
}
