using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// Moves entries within one file system, each in one step. A folder of this user's own that is not writable is made so for the
/// time, because that is what changing it takes.
/// </summary>
internal sealed class EntryMoves(IFileSystem files)
{
    private const FileEntryMode OwnerMayChange = (FileEntryMode)0xC0;

    /// <summary>Moves an entry to where nothing is, or something of its kind that is not kept.</summary>
    /// <param name="source">The entry.</param>
    /// <param name="target">Its new path.</param>
    /// <param name="moved">The entry's status.</param>
    public void Move(string source, string target, FileStatus moved)
        => WithRights(() => files.Rename(source, target), source, target, moved, default);

    /// <summary>Puts an entry where another one is, so that this can be put back.</summary>
    /// <param name="source">The entry.</param>
    /// <param name="target">Where to.</param>
    /// <param name="aside">Where the other one may be kept; nothing is there.</param>
    /// <param name="moved">The entry's status.</param>
    /// <param name="replaced">The other one's.</param>
    public void Replace(string source, string target, string aside, FileStatus moved, FileStatus replaced)
    {
        var exchanged = false;
        WithRights(() => exchanged = files.TryExchange(source, target), source, target, moved, replaced);
        if (exchanged)
        {
            // What was at the target is at the source now.
            return;
        }

        if (!moved.IsDirectory && !replaced.IsDirectory)
        {
            // Two names for the old file, of which the new one takes the one that counts: there is a whole file at any time.
            // Where there are no second names the old file is lost, which is better than to be without one for a moment.
            TryLink(aside, target);
        }
        else
        {
            Move(target, aside, replaced);
        }

        Move(source, target, moved);
    }

    /// <summary>Takes back what <see cref="Replace"/> did, or the half of it that was done.</summary>
    /// <param name="source">As then.</param>
    /// <param name="target">As then.</param>
    /// <param name="aside">As then.</param>
    /// <param name="moved">The status of the entry that was moved.</param>
    /// <exception cref="IOException">The entry that was replaced is not there any more.</exception>
    public void PutBack(string source, string target, string aside, FileStatus moved)
    {
        if (files.Status(aside) is { } kept)
        {
            if ((kept.IsDirectory || moved.IsDirectory) && files.Status(target) is not null)
            {
                Move(target, source, moved);
            }

            Move(aside, target, kept);
        }
        else if (files.Status(source) is { } old)
        {
            var exchanged = false;
            WithRights(() => exchanged = files.TryExchange(source, target), source, target, old, moved);
            if (!exchanged)
            {
                throw new IOException("This file system cannot put two files in each other's place any more.");
            }
        }
        else
        {
            throw new IOException("This file system could not keep what was there before.");
        }
    }

    private void TryLink(string path, string existing)
    {
        try
        {
            files.CreateHardLink(path, existing);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            // Not every file system has them, and not every user may make one of every file.
        }
    }

    /// <summary>Does a move; on a refusal once more with the folders made writable that this user may make so.</summary>
    private void WithRights(Action move, string source, string target, FileStatus atSource, FileStatus atTarget)
    {
        try
        {
            move();
        }
        catch (UnauthorizedAccessException) when (!OperatingSystem.IsWindows())
        {
            // The folders around get their own modes at the end of the merge. Moving a folder changes its "..".
            var refused = !AllowChange(Path.GetDirectoryName(source)!) & !AllowChange(Path.GetDirectoryName(target)!)
                & !AllowChange(source, atSource) & !AllowChange(target, atTarget);
            if (refused)
            {
                throw;
            }

            var moved = false;
            try
            {
                move();
                moved = true;
            }
            finally
            {
                Restore(moved ? target : source, atSource);
                Restore(moved ? source : target, atTarget);
            }
        }
    }

    private bool AllowChange(string folder, FileStatus status) => status.IsDirectory && AllowChange(folder);

    private bool AllowChange(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        try
        {
            if (files.Status(folder) is not { IsDirectory: true } status || (status.Mode & OwnerMayChange) == OwnerMayChange)
            {
                return false;
            }

            files.SetPermissions(folder, status.Mode | OwnerMayChange);
            return true;
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            return false;
        }
    }

    private void Restore(string folder, FileStatus status)
    {
        if (!OperatingSystem.IsWindows() && status.IsDirectory && (status.Mode & OwnerMayChange) != OwnerMayChange)
        {
            files.SetPermissions(folder, status.Mode);
        }
    }
}
