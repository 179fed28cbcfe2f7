using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>
/// What .NET's file API does not do alike on every platform: links, modes, exact times, devices, extended attributes.
/// No member follows a symbolic link at the end of a path. Failures are <see cref="IOException"/> or
/// <see cref="UnauthorizedAccessException"/>.
/// </summary>
internal interface IFileSystem
{
    /// <summary>The current platform's file system.</summary>
    static IFileSystem Current { get; } = OperatingSystem.IsLinux() ? new LinuxFileSystem() : new PortableFileSystem();

    /// <summary>Whether <c>\</c> separates folders, so that it cannot escape, and links may name drives: Windows.</summary>
    bool BackslashSeparates => false;

    /// <summary>Opens a tree that is to be sent.</summary>
    /// <param name="root">Its folder's absolute path; a symbolic link is followed.</param>
    /// <returns>The tree.</returns>
    ISourceTree OpenTree(string root);

    /// <summary>Status of an entry.</summary>
    /// <param name="path">Its path.</param>
    /// <returns>The status, or null if nothing is there.</returns>
    FileStatus? Status(string path);

    /// <summary>A symbolic link's target as stored, with <c>/</c> between folders.</summary>
    /// <param name="path">The link.</param>
    /// <returns>The target.</returns>
    string ReadLink(string path);

    /// <summary>Extended attributes, without those that only mean something to one Mac.</summary>
    /// <param name="path">An entry.</param>
    /// <returns>The attributes, or null if there are none or the file system has none.</returns>
    IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes(string path);

    /// <summary>Whether this process may make and remove entries in a folder; finds out without changing anything where it can.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="IOException">It may not: the reason.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not.</exception>
    void DemandWrite(string folder);

    /// <summary>Whether this process may write a file that exists; nothing is written.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="IOException">It may not: the reason.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not.</exception>
    void DemandWriteFile(string file);

    /// <summary>Makes a folder that only the current user may enter.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="IOException">It exists, for example.</exception>
    void CreateDirectory(string path);

    /// <summary>Makes a symbolic link.</summary>
    /// <param name="path">The link.</param>
    /// <param name="target">What it holds.</param>
    /// <param name="isDirectory">Whether the target is a folder, for platforms that tell them apart.</param>
    void CreateSymbolicLink(string path, string target, bool isDirectory);

    /// <summary>Gives a file one more name.</summary>
    /// <param name="path">The new name.</param>
    /// <param name="existing">The file.</param>
    void CreateHardLink(string path, string existing);

    /// <summary>Makes a named pipe or a device.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="entry">What it is.</param>
    void CreateSpecial(string path, FileEntry entry);

    /// <summary>Renames an entry; what is not a folder replaces what is not a folder in one step.</summary>
    /// <param name="path">The entry.</param>
    /// <param name="newPath">Its new path.</param>
    void Rename(string path, string newPath);

    /// <summary>Sets owner, attributes, permissions and time. A link keeps its permissions. Attributes that the file system refuses are left out, as the reference does.</summary>
    /// <param name="path">The entry.</param>
    /// <param name="entry">What to set.</param>
    void SetMetadata(string path, FileEntry entry);

    /// <summary>Opens a folder of our own, to put a tree together in it.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="destination">Where the tree is moved to at the end.</param>
    /// <returns>The tree.</returns>
    ITargetTree OpenTarget(string root, string destination);

    /// <summary>Lets two entries change places in one step, whatever they are.</summary>
    /// <param name="path">One entry.</param>
    /// <param name="other">The other, on the same file system.</param>
    /// <returns>False, and nothing has changed, where the platform or the file system cannot.</returns>
    bool TryExchange(string path, string other);

    /// <summary>Sets a folder's permissions.</summary>
    /// <param name="folder">The folder, which is no link.</param>
    /// <param name="mode">Their bits; others are not looked at.</param>
    void SetPermissions(string folder, FileEntryMode mode);

    /// <summary>Gives an entry the owner of another one, as far as this user may.</summary>
    /// <param name="path">The entry.</param>
    /// <param name="owner">The other one.</param>
    void CopyOwner(string path, FileStatus owner);

    /// <summary>Whether an entry belongs to this process's user; true where the platform does not tell.</summary>
    /// <param name="status">The entry.</param>
    /// <returns>Whether it does.</returns>
    bool IsOwn(FileStatus status);

    /// <summary>Opens a file and locks it until it is closed, at the latest by this process's end.</summary>
    /// <param name="path">The file.</param>
    /// <param name="create">Whether to make it; it must not be there.</param>
    /// <returns>The file, or null if somebody else has it locked.</returns>
    FileStream? TryLock(string path, bool create);

    /// <summary>What a lock can be seen by: this machine until it is started anew.</summary>
    string Machine { get; }

    /// <summary>Whether no other machine can have a folder's file system in use.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>False if it is shared, or if that is not known.</returns>
    bool IsLocal(string folder);

    /// <summary>Says why a name cannot stand in this platform's folders, or null if it can.</summary>
    /// <param name="name">One component of a path.</param>
    /// <returns>The reason, for a message.</returns>
    string? NameProblem(ReadOnlySpan<char> name);
}
