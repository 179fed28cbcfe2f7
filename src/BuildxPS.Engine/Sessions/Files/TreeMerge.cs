using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// Merges a staged folder into one that exists, in steps that are written down before (<see cref="MergeJournal"/>) and can be
/// taken back. Each entry is the old or the new one at any moment.
/// </summary>
internal sealed class TreeMerge : IPlacement
{
    private const string JournalName = "journal";

    private readonly string _staged;
    private readonly string _target;
    private readonly string _journal;
    private readonly string _aside;
    private readonly EntryMoves _moves;
    private readonly IFileSystem _files;

    private TreeMerge(string staged, string target, string journal, IFileSystem files)
    {
        _staged = staged;
        _target = target;
        _journal = journal;
        _aside = journal + "-aside";
        _files = files;
        _moves = new EntryMoves(files);
    }

    /// <summary>Prepares to merge a staged folder into its destination.</summary>
    /// <param name="staged">The staged folder, in the staging folder.</param>
    /// <param name="target">The folder that exists.</param>
    /// <param name="staging">The staging folder.</param>
    /// <param name="files">The file system.</param>
    /// <returns>The merge.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public static TreeMerge Prepare(string staged, string target, string staging, IFileSystem files)
        => Prepare(staged, target, files, Path.Join(staging, JournalName), Path.GetRelativePath(staging, staged));

    /// <summary>Merges one staged folder into another one.</summary>
    /// <param name="from">The one.</param>
    /// <param name="to">The other.</param>
    /// <param name="files">The file system.</param>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/> or <see cref="BuildxFailure.DiskFull"/>.</exception>
    public static void Join(string from, string to, IFileSystem files)
        => Prepare(from, to, files, from + "-joined", Path.GetFileName(from)).Apply();

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
            new TreeMerge(Path.Join(staging, staged), target, journal, files).Undo(untouchedSince: written.ModifiedNanoseconds);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Apply()
    {
        try
        {
            _files.Rename(_journal + ".new", _journal);
            foreach (var step in MergeJournal.Read(_journal))
            {
                Apply(step);
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
        var done = _journal + ".done";
        if (_files.Status(done) is not null)
        {
            _files.Rename(done, _journal);
        }

        if (_files.Status(_journal) is not null)
        {
            Undo(untouchedSince: null);
            File.Delete(_journal);
        }
    }

    private static TreeMerge Prepare(string staged, string target, IFileSystem files, string journal, string name)
    {
        var merge = new TreeMerge(staged, target, journal, files);
        try
        {
            // Something may be there from an attempt that was taken back.
            Staging.TryRemove(merge._aside);
            files.CreateDirectory(merge._aside);
            var identity = files.Status(target) ?? throw new DirectoryNotFoundException("It was removed while it was needed.");
            MergeJournal.Write(journal + ".new", target, name, identity, new MergePlan(files).Steps(staged, target));
            return merge;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, target);
        }
    }

    private void Apply(MergeStep step)
    {
        var (source, target) = (Path.Join(_staged, step.Path), Path.Join(_target, step.Path));
        try
        {
            switch (step.Kind)
            {
                case MergeStepKind.Add:
                    _moves.Move(source, target, step.Incoming);
                    break;
                case MergeStepKind.Replace:
                    _moves.Replace(source, target, Aside(step), step.Incoming, step.Existing);
                    break;
                case MergeStepKind.Folder when step.Path.Length > 0:
                    SetFolder(target, step.Incoming, _files.ExtendedAttributes(source));
                    break;
            }
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            var failure = OutputFailures.From(e, target);
            throw step.IsOvertaken(_files.Status(target)) ? new DestinationChangedException(failure) : failure;
        }
    }

    private void Undo(long? untouchedSince)
    {
        BuildxException? first = null;
        var undone = "";
        foreach (var step in MergeJournal.Read(_journal))
        {
            var target = Path.Join(_target, step.Path);
            try
            {
                if (Undo(step, target, undone, untouchedSince))
                {
                    undone = step.Path;
                }
            }
            catch (Exception e) when (OutputFailures.IsFileFailure(e))
            {
                first ??= OutputFailures.From(e, target);
            }
        }

        if (first is not null)
        {
            throw first;
        }
    }

    /// <summary>Takes one step back, if it was done and nobody else has changed its result since.</summary>
    private bool Undo(MergeStep step, string target, string undone, long? untouchedSince)
    {
        var current = _files.Status(target);
        if (step.Kind == MergeStepKind.Folder)
        {
            var isAbove = undone.Length > 0 && (step.Path.Length == 0 || undone.StartsWith(step.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal));
            if (current is not { IsDirectory: true } || (!isAbove && !step.IsSet(current.Value)))
            {
                return false;
            }

            Restore(target, step);
            return true;
        }

        var isHalfReplaced = step.Kind == MergeStepKind.Replace && current is null && _files.Status(Aside(step)) is not null;
        var isPlaced = current is not null && step.IsPlaced(current.Value)
            && (untouchedSince is null || LastChangeBelow(target, current.Value) <= untouchedSince);
        if (!isPlaced && !isHalfReplaced)
        {
            return false;
        }

        var source = Path.Join(_staged, step.Path);
        if (step.Kind == MergeStepKind.Add)
        {
            _moves.Move(target, source, step.Incoming);
        }
        else if (untouchedSince is not null && _files.Status(source) is null && _files.Status(Aside(step)) is null)
        {
            // Nothing was kept of the old one, and nobody waits to be told.
            return false;
        }
        else
        {
            _moves.PutBack(source, target, Aside(step), step.Incoming);
        }

        return true;
    }

    /// <summary>When something in a folder was last changed; a folder that others put something into is not taken away.</summary>
    private long LastChangeBelow(string path, FileStatus status)
    {
        var last = long.MinValue;
        foreach (var name in status.IsDirectory ? FolderNames.Read(path) : [])
        {
            var below = Path.Join(path, name);
            if (_files.Status(below) is { } entry)
            {
                last = Math.Max(last, Math.Max(entry.ChangedNanoseconds, LastChangeBelow(below, entry)));
            }
        }

        return last;
    }

    private void Restore(string folder, MergeStep step)
    {
        try
        {
            SetFolder(folder, step.Existing, attributes: null);
            _files.CopyOwner(folder, step.Existing);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e) && step.Path.Length == 0)
        {
            // Another user's folder that this one may write in: its time is only the owner's to set.
        }
    }

    private void SetFolder(string folder, FileStatus status, IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? attributes)
    {
        _files.SetMetadata(folder, new FileEntry
        {
            Path = folder,
            Mode = status.Mode,
            ModifiedNanoseconds = status.ModifiedNanoseconds,
            ExtendedAttributes = attributes,
        });
    }

    private string Aside(MergeStep step) => Path.Join(_aside, step.Number.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
