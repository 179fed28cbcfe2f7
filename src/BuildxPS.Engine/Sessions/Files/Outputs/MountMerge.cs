using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// Merges a staged folder into one that is a mount of its own within the destination, such as a volume of a container. Nothing
/// can be renamed from one mount into another, so what goes there is copied into it first.
/// </summary>
internal sealed class MountMerge : IPlacement
{
    private readonly Staging _staging;
    private readonly Commit _commit;
    private bool _isApplied;

    private MountMerge(Staging staging, Commit commit)
    {
        _staging = staging;
        _commit = commit;
    }

    /// <summary>Prepares it.</summary>
    /// <param name="staged">The staged folder.</param>
    /// <param name="target">The mount.</param>
    /// <param name="files">The file system.</param>
    /// <param name="mirrors">Whether what the staged folder does not have is taken away.</param>
    /// <returns>The merge.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public static MountMerge Prepare(string staged, string target, IFileSystem files, bool mirrors)
    {
        Leftovers.CleanUp(Destination.Resolve(target, files), files);
        var staging = Staging.Create(target, files);
        try
        {
            var copy = staging.NewFolder("tree", target);
            new TreeCopy(files).Copy(staged, copy, target);
            return new MountMerge(staging, new Commit(() => TreeMerge.Prepare(copy, target, staging.Folder, files, mirrors), staging, target));
        }
        catch
        {
            staging.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Apply()
    {
        _commit.Apply();
        _isApplied = true;
    }

    /// <inheritdoc/>
    public void Undo()
    {
        if (_isApplied && !_commit.TryUndo(out var said))
        {
            throw new BuildxException(BuildxFailure.DestinationNotWritable, said, "Put back by hand what is missing.");
        }

        _isApplied = false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _commit.Dispose();
        _staging.Dispose();
    }
}
