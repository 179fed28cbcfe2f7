using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// Merges a staged folder into one that exists, in steps that are written down before (<see cref="MergeJournal"/>) and can be
/// taken back. Each entry is the old or the new one at any moment.
/// </summary>
internal sealed class TreeMerge : IPlacement
{
    private const string JournalName = "journal";

    private readonly string _target;
    private readonly string _journal;
    private readonly MergeSteps _steps;
    private readonly List<MountMerge> _mounts = [];
    private readonly IFileSystem _files;

    private TreeMerge(string staged, string target, string journal, IFileSystem files)
    {
        _target = target;
        _journal = journal;
        _files = files;
        _steps = new MergeSteps(staged, target, Aside(journal), files);
    }

    /// <summary>Prepares to merge a staged folder into its destination.</summary>
    /// <param name="staged">The staged folder, in the staging folder.</param>
    /// <param name="target">The folder that exists.</param>
    /// <param name="staging">The staging folder.</param>
    /// <param name="files">The file system.</param>
    /// <param name="mirrors">Whether what the staged folder does not have is taken away.</param>
    /// <returns>The merge.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public static TreeMerge Prepare(string staged, string target, string staging, IFileSystem files, bool mirrors)
        => Prepare(staged, target, files, Path.Join(staging, JournalName), Path.GetRelativePath(staging, staged), mirrors);

    /// <summary>Merges one staged folder into another one.</summary>
    /// <param name="from">The one.</param>
    /// <param name="to">The other.</param>
    /// <param name="files">The file system.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public static void Join(string from, string to, IFileSystem files)
    {
        using var merge = Prepare(from, to, files, from + "-joined", Path.GetFileName(from), mirrors: false);
        merge.Apply();
    }

    /// <summary>Takes back what a merge did whose process was killed.</summary>
    /// <param name="staging">What it left.</param>
    /// <param name="destination">The destination that is to be as it was.</param>
    /// <param name="files">The file system.</param>
    /// <returns>Whether nothing of value is left in the staging folder. If it was about another destination, its next export sees to it.</returns>
    /// <exception cref="BuildxException">Something could not be put back.</exception>
    public static bool Recover(string staging, Destination destination, IFileSystem files)
    {
        var journal = Path.Join(staging, JournalName);
        if (files.Status(journal) is not { } written)
        {
            return true;
        }

        var (target, staged, identity) = MergeJournal.ReadTarget(journal);
        if (target != destination.Path)
        {
            return false;
        }

        if (destination.Status is { IsDirectory: true } current && (current.Inode, current.BornNanoseconds) == (identity.Inode, identity.BornNanoseconds))
        {
            new TreeMerge(Path.Join(staging, staged), target, journal, files)._steps.Undo(MergeJournal.Read(journal), untouchedSince: written.ModifiedNanoseconds);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Apply()
    {
        try
        {
            _mounts.ForEach(m => m.Apply());
            _files.Rename(_journal + ".new", _journal);
            foreach (var step in MergeJournal.Read(_journal))
            {
                _steps.Apply(step);
            }

            // From here on it is done, whatever happens to this process.
            _files.Rename(_journal, _journal + ".done");
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e) && e is not DestinationChangedException)
        {
            throw OutputFailures.From(e, _target);
        }
    }

    /// <inheritdoc/>
    public void Undo()
    {
        // The mounts first: what they are in gets its time after them.
        try
        {
            _mounts.ForEach(m => m.Undo());
        }
        finally
        {
            UndoSteps();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _mounts.ForEach(m => m.Dispose());

    private void UndoSteps()
    {
        var done = _journal + ".done";
        if (_files.Status(done) is not null)
        {
            _files.Rename(done, _journal);
        }

        if (_files.Status(_journal) is not null)
        {
            _steps.Undo(MergeJournal.Read(_journal), untouchedSince: null);
            File.Delete(_journal);
        }
    }

    private static string Aside(string journal) => journal + "-aside";

    private static TreeMerge Prepare(string staged, string target, IFileSystem files, string journal, string name, bool mirrors)
    {
        var merge = new TreeMerge(staged, target, journal, files);
        try
        {
            // Something may be there from an attempt that was taken back.
            Staging.TryRemove(Aside(journal));
            files.CreateDirectory(Aside(journal));
            var identity = files.Status(target) ?? throw new DirectoryNotFoundException("It was removed while it was needed.");
            var plan = new MergePlan(files, mirrors);
            MergeJournal.Write(journal + ".new", target, name, identity, plan.Steps(staged, target));
            foreach (var path in plan.Mounts)
            {
                merge._mounts.Add(MountMerge.Prepare(Path.Join(staged, path), Path.Join(target, path), files, mirrors));
            }

            return merge;
        }
        catch (BuildxException)
        {
            merge.Dispose();
            throw;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, target);
        }
    }
}
