using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>
/// A tree that is put together in a folder of our own. Paths are clean and relative to it; no link in it is followed.
/// Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>. Not safe for several threads.
/// </summary>
internal interface ITargetTree : IDisposable
{
    /// <summary>Makes a folder that only the current user may enter.</summary>
    /// <param name="path">Its path.</param>
    void CreateDirectory(string path);

    /// <summary>Makes a symbolic link, complete.</summary>
    /// <param name="entry">The link.</param>
    void CreateSymbolicLink(FileEntry entry);

    /// <summary>Makes a named pipe or a device, complete.</summary>
    /// <param name="entry">The entry.</param>
    void CreateSpecial(FileEntry entry);

    /// <summary>Says what a path leads to.</summary>
    /// <param name="path">The path.</param>
    /// <returns>What is there.</returns>
    TargetEntry Find(string path);

    /// <summary>Gives a file of the tree one more name.</summary>
    /// <param name="path">The new name.</param>
    /// <param name="existing">The file.</param>
    void CreateHardLink(string path, string existing);

    /// <summary>Makes a file. It has its permissions, attributes and time when the stream is disposed.</summary>
    /// <param name="entry">The file; nothing has its path.</param>
    /// <returns>Takes its bytes.</returns>
    Stream CreateFile(FileEntry entry);

    /// <summary>Sets owner, attributes, permissions and time of a folder; nothing can be made in it afterwards.</summary>
    /// <param name="entry">The folder.</param>
    void CompleteDirectory(FileEntry entry);
}

/// <summary>What a path in a tree leads to.</summary>
internal enum TargetEntry
{
    /// <summary>Nothing, but the folder that it lies in is there.</summary>
    Nothing,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>Something else, or a part of the path is no folder.</summary>
    Other,
}
