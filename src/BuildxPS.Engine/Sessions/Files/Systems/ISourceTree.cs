namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>
/// A tree that is being sent. Nothing in it is reached over a symbolic link, also where one took a folder's place since it
/// was listed. Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.
/// </summary>
internal interface ISourceTree : IDisposable
{
    /// <summary>Opens the tree's root for listing.</summary>
    /// <returns>The root.</returns>
    ISourceFolder OpenRoot();

    /// <summary>Opens a regular file. May be called by several threads at once.</summary>
    /// <param name="path">Its path in the tree.</param>
    /// <returns>Its bytes; none for a socket, which travels as an empty file.</returns>
    Stream OpenRead(string path);
}

/// <summary>
/// A folder of a tree that is being listed. A name is one of <see cref="ReadNames"/>: its bytes and the zero behind them. Used
/// by one thread at a time.
/// </summary>
internal interface ISourceFolder : IDisposable
{
    /// <summary>Reads all names in the folder.</summary>
    /// <returns>The names, in the order of their bytes.</returns>
    NameList ReadNames();

    /// <summary>Status of an entry.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The status, or null if it is gone.</returns>
    FileStatus? Status(ReadOnlySpan<byte> name);

    /// <summary>A symbolic link's target as stored, with <c>/</c> between folders.</summary>
    /// <param name="name">The link's name.</param>
    /// <returns>The target.</returns>
    string ReadLink(ReadOnlySpan<byte> name);

    /// <summary>Extended attributes, without those that only mean something to one Mac.</summary>
    /// <param name="name">The entry's name.</param>
    /// <returns>The attributes, or null if there are none or the file system has none.</returns>
    IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes(ReadOnlySpan<byte> name);

    /// <summary>Opens a folder in this one.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The folder, or null if it is gone or no folder any more.</returns>
    ISourceFolder? OpenFolder(ReadOnlySpan<byte> name);

    /// <summary>Gives back what the system holds for the folder until it is used again: a deep tree would hold too much.</summary>
    void Rest();
}
