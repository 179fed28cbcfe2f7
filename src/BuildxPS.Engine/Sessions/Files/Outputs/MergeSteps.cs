using System.Globalization;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>Does the steps of a merge, and takes them back.</summary>
internal sealed class MergeSteps
{
    private readonly string _staged;
    private readonly string _target;
    private readonly string _aside;
    private readonly IFileSystem _files;
    private readonly EntryMoves _moves;

    /// <summary>For the steps of one merge.</summary>
    /// <param name="staged">The staged folder.</param>
    /// <param name="target">The folder that it is merged into.</param>
    /// <param name="aside">A folder for what cannot change places with what replaces it.</param>
    /// <param name="files">The file system.</param>
    public MergeSteps(string staged, string target, string aside, IFileSystem files)
    {
        _staged = staged;
        _target = target;
        _aside = aside;
        _files = files;
        _moves = new EntryMoves(files);
    }

    /// <summary>Does one step.</summary>
    /// <param name="step">The step.</param>
    /// <exception cref="BuildxException">It failed.</exception>
    /// <exception cref="DestinationChangedException">It failed because the destination is not what it was when the steps were found.</exception>
    public void Apply(MergeStep step)
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
                case MergeStepKind.Remove:
                    _moves.Move(target, Aside(step), step.Existing);
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

    /// <summary>Takes back those of the steps that were done.</summary>
    /// <param name="steps">All steps.</param>
    /// <param name="untouchedSince">
    /// When the steps were written down, if others had time to change their results; null right after they were done.
    /// </param>
    /// <exception cref="BuildxException">The first that could not be taken back; all others were.</exception>
    public void Undo(IEnumerable<MergeStep> steps, long? untouchedSince)
    {
        BuildxException? first = null;
        var undone = "";
        foreach (var step in steps)
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

        if (step.Kind == MergeStepKind.Remove)
        {
            return PutBackRemoved(step, target, current);
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

    private bool PutBackRemoved(MergeStep step, string target, FileStatus? current)
    {
        if (_files.Status(Aside(step)) is not { } kept)
        {
            return false;
        }

        if (current is not null)
        {
            throw new IOException("Something else is there now.");
        }

        _moves.Move(Aside(step), target, kept);
        return true;
    }

    /// <summary>When something in a folder was last changed; a folder that others put something into is not taken away.</summary>
    private long LastChangeBelow(string path, FileStatus status)
    {
        var last = long.MinValue;
        foreach (var name in status.IsDirectory ? FolderNames.ReadExact(path) : [])
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

    private string Aside(MergeStep step) => Path.Join(_aside, step.Number.ToString(CultureInfo.InvariantCulture));
}
