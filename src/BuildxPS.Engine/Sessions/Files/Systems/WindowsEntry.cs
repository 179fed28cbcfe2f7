namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>What Windows says of an entry, in the protocol's terms.</summary>
internal static class WindowsEntry
{
    /// <summary>
    /// Describes an entry. Symbolic links and junctions are links, whatever they lead to; any other reparse point, such as the
    /// placeholder of a file in a cloud, is the file or folder that it stands for, and is fetched when it is read.
    /// </summary>
    /// <param name="attributes">Its attributes.</param>
    /// <param name="linkTarget">What it leads to, if it is a link.</param>
    /// <param name="length">Reads a file's length.</param>
    /// <param name="modifiedUtc">When it was changed.</param>
    /// <returns>The status.</returns>
    public static FileStatus Status(FileAttributes attributes, string? linkTarget, Func<long> length, DateTime modifiedUtc)
    {
        var isFile = linkTarget is null && (attributes & FileAttributes.Directory) == 0;
        return new FileStatus
        {
            Mode = UnixFileModes.FromWindows(attributes, linkTarget is not null),
            Size = isFile ? length() : 0,
            ModifiedNanoseconds = (modifiedUtc - DateTime.UnixEpoch).Ticks * 100,
            LinkCount = 1,
        };
    }

    /// <summary>A link's target as it travels.</summary>
    /// <param name="target">The target as Windows has it.</param>
    /// <returns>The target with <c>/</c> between folders.</returns>
    public static string LinkTarget(string target) => target.Replace('\\', '/');

    /// <summary>A link's target without the drive, for finding it in the tree: from a link's drive to the tree's root.</summary>
    /// <param name="target">The target as it travels.</param>
    /// <returns>The target from its drive's root if it names one, else the target.</returns>
    public static string WithoutDrive(string target) =>
        target is [var drive, ':', '/', ..] && char.IsAsciiLetter(drive) ? target[2..] : target;
}
