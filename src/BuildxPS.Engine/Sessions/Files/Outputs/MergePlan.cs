using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// Finds the steps that merge a staged folder into one that exists: what is not there yet comes by one rename, whole folders
/// included; a folder that is there keeps what else is in it, unless it is to mirror the staged one; anything else is replaced.
/// Links are replaced, never followed.
/// </summary>
/// <param name="files">The file system.</param>
/// <param name="mirrors">Whether what the staged folder does not have is taken away.</param>
internal sealed class MergePlan(IFileSystem files, bool mirrors)
{
    private readonly bool _isPrivileged = Environment.IsPrivilegedProcess;
    private readonly List<string> _mounts = [];
    private FileStatus _top;
    private int _count;

    /// <summary>
    /// Paths of folders at the destination that are mounts of their own; complete once all steps were found. There are no steps
    /// for what is in them.
    /// </summary>
    public IReadOnlyList<string> Mounts => _mounts;

    /// <summary>Finds the steps. At the destination nothing changes, and what could not be changed there is refused.</summary>
    /// <param name="staged">The staged folder.</param>
    /// <param name="target">The folder that exists.</param>
    /// <returns>The steps, found while they are taken.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public IEnumerable<MergeStep> Steps(string staged, string target)
    {
        _top = StatusOf(target);
        foreach (var step in StepsIn(staged, target, ""))
        {
            yield return step;
        }

        // Its own time is as it was if all is taken back.
        yield return new MergeStep(_count++, MergeStepKind.Folder, "", _top, _top);
    }

    private IEnumerable<MergeStep> StepsIn(string staged, string target, string path)
    {
        foreach (var name in FolderNames.ReadExact(staged))
        {
            var (source, destination, below) = (Path.Join(staged, name), Path.Join(target, name), Path.Join(path, name));
            var incoming = StatusOf(source);
            var existing = Existing(destination);
            if (existing is null)
            {
                yield return new MergeStep(_count++, MergeStepKind.Add, below, incoming, default);
            }
            else if (!incoming.IsDirectory || !existing.Value.IsDirectory)
            {
                yield return new MergeStep(_count++, MergeStepKind.Replace, below, incoming, existing.Value);
            }
            else
            {
                Demand(destination, existing.Value);
                AllowTaking(source, incoming);
                if ((existing.Value.Device, existing.Value.Mount) != (_top.Device, _top.Mount))
                {
                    _mounts.Add(below);
                }
                else
                {
                    foreach (var step in StepsIn(source, destination, below))
                    {
                        yield return step;
                    }
                }

                yield return new MergeStep(_count++, MergeStepKind.Folder, below, incoming, existing.Value);
            }
        }

        foreach (var step in mirrors ? Removals(staged, target, path) : [])
        {
            yield return step;
        }
    }

    private IEnumerable<MergeStep> Removals(string staged, string target, string path)
    {
        foreach (var name in FolderNames.ReadExact(target))
        {
            // Exports stage inside a folder that nothing can be staged beside: this one's own files are there, and others'.
            var isStaging = path.Length == 0 && name.StartsWith(Staging.Prefix, StringComparison.Ordinal);
            var destination = Path.Join(target, name);
            if (!isStaging && Existing(Path.Join(staged, name)) is null && Existing(destination) is { } existing)
            {
                RefuseMounts(destination, existing);
                yield return new MergeStep(_count++, MergeStepKind.Remove, Path.Join(path, name), default, existing);
            }
        }
    }

    /// <summary>A mount cannot be moved away; and what is in it is hardly what the user wants to lose.</summary>
    private void RefuseMounts(string path, FileStatus status)
    {
        if ((status.Device, status.Mount) != (_top.Device, _top.Mount))
        {
            throw OutputFailures.NotWritable(path, "it is no part of the result, and is a mount, which mode=delete does not take away.");
        }

        foreach (var name in status.IsDirectory ? FolderNames.ReadExact(path) : [])
        {
            var below = Path.Join(path, name);
            if (Existing(below) is { } entry)
            {
                RefuseMounts(below, entry);
            }
        }
    }

    private FileStatus StatusOf(string path) => Existing(path) ?? throw OutputFailures.NotWritable(path, "it was removed while it was needed.");

    private FileStatus? Existing(string path)
    {
        try
        {
            return files.Status(path);
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, path);
        }
    }

    private void Demand(string folder, FileStatus status)
    {
        if (!_isPrivileged && !files.IsOwn(status))
        {
            throw OutputFailures.NotWritable(folder, "the folder belongs to another user, so its permissions and time cannot be set.");
        }

        try
        {
            files.DemandWrite(folder);
        }
        catch (UnauthorizedAccessException) when (!OperatingSystem.IsWindows())
        {
            // It is this user's own, so it is made writable for the time.
        }
        catch (Exception e) when (OutputFailures.IsFileFailure(e))
        {
            throw OutputFailures.From(e, folder);
        }
    }

    /// <summary>Makes a staged folder one that entries can be moved out of; the step for it knows its own permissions.</summary>
    private void AllowTaking(string folder, FileStatus status)
    {
        const FileEntryMode all = (FileEntryMode)0x1C0;
        if (!_isPrivileged && !OperatingSystem.IsWindows() && (status.Mode & all) != all)
        {
            files.SetPermissions(folder, status.Mode | all);
        }
    }
}
