using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Systems;

namespace BuildxPS.Engine.Sessions.Files.Outputs;

/// <summary>What one step of a merge does.</summary>
internal enum MergeStepKind : byte
{
    /// <summary>Moves an entry to where nothing is, a folder with all that is in it.</summary>
    Add = 1,

    /// <summary>Puts an entry in another one's place.</summary>
    Replace = 2,

    /// <summary>Gives a folder that was there already its new permissions and time, after the steps for what is in it.</summary>
    Folder = 3,

    /// <summary>Takes an entry away that the staged folder does not have, a folder with all that is in it.</summary>
    Remove = 4,
}

/// <summary>One step of a merge.</summary>
/// <param name="Number">Its place among the steps.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Path">The entry's path below the merged folders; empty for these themselves.</param>
/// <param name="Incoming">The staged entry, as it was before the merge, if there is one.</param>
/// <param name="Existing">What was at the destination before the merge, if anything.</param>
internal readonly record struct MergeStep(int Number, MergeStepKind Kind, string Path, FileStatus Incoming, FileStatus Existing)
{
    /// <summary>Whether an entry is the one that this step put at the destination, and nobody has touched it since.</summary>
    /// <param name="current">What is there.</param>
    /// <returns>Whether it is.</returns>
    public bool IsPlaced(FileStatus current) =>
        current.Inode == Incoming.Inode
        && (current.Mode & FileEntryMode.TypeMask) == (Incoming.Mode & FileEntryMode.TypeMask)
        && current.ModifiedNanoseconds == Incoming.ModifiedNanoseconds
        && (current.IsDirectory || current.Size == Incoming.Size);

    /// <summary>Whether a folder has the permissions and time that this step gave it.</summary>
    /// <param name="current">The folder.</param>
    /// <returns>Whether it has.</returns>
    public bool IsSet(FileStatus current) => (current.Mode, current.ModifiedNanoseconds) == (Incoming.Mode, Incoming.ModifiedNanoseconds);

    /// <summary>Whether the destination is not any more what it was before the merge.</summary>
    /// <param name="current">What is there, if anything.</param>
    /// <returns>Whether something else is there.</returns>
    public bool IsOvertaken(FileStatus? current) => Kind switch
    {
        MergeStepKind.Add => current is not null,
        _ => current is null || (current.Value.Mode & FileEntryMode.TypeMask) != (Existing.Mode & FileEntryMode.TypeMask),
    };
}
