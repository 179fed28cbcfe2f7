using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>
/// Finds the steps that merge a staged folder into one that exists: what is not there yet comes by one rename, whole folders
/// included; a folder that is there keeps what else is in it; anything else is replaced. Links are replaced, never followed.
/// </summary>
internal sealed class MergePlan(IFileSystem files)
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
