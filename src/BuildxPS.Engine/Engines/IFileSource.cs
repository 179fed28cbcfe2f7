namespace BuildxPS.Engine.Engines;

/// <summary>A tree of files that an engine may read.</summary>
public interface IFileSource
{
    /// <summary>
    /// Lists entries in the order of their paths' UTF-8 bytes with <c>/</c> below every other byte, so that a folder is
    /// followed at once by what is in it. Parents of a listed entry are listed too, before it.
    /// </summary>
    /// <param name="selection">Which entries.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The entries, found while they are read.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuildContextUnreadable"/>, naming the path.</exception>
    IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken);

    /// <summary>Opens a regular file that was listed.</summary>
    /// <param name="path">Its path in the tree.</param>
    /// <returns>Its bytes, for reading in order.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuildContextUnreadable"/>, naming the path.</exception>
    Stream OpenRead(string path);
}

/// <summary>Which entries of a tree an engine asked for.</summary>
public sealed record FileSelection
{
    /// <summary>Patterns of entries to leave out, in .dockerignore's language; the last match wins, <c>!</c> brings back.</summary>
    public IReadOnlyList<string> ExcludePatterns { get; init; } = [];

    /// <summary>Patterns of entries to send; empty means all.</summary>
    public IReadOnlyList<string> IncludePatterns { get; init; } = [];

    /// <summary>Paths to send with everything that symbolic links on the way lead to; empty means no limit.</summary>
    public IReadOnlyList<string> FollowPaths { get; init; } = [];
}
