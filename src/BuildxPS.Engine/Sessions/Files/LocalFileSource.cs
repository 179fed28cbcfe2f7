using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>A folder of this machine that an engine may read: a build context, the folder of a Dockerfile.</summary>
public sealed class LocalFileSource : IFileSource
{
    private readonly IFileSystem _files = IFileSystem.Current;

    /// <summary>Offers a folder. It is looked at only when an engine asks.</summary>
    /// <param name="root">The folder's path; made absolute against the process's folder.</param>
    public LocalFileSource(string root)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        Root = Path.GetFullPath(root);
    }

    /// <summary>The folder's absolute path.</summary>
    public string Root { get; }

    /// <inheritdoc/>
    public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        return Walk(selection, cancellationToken);
    }

    /// <inheritdoc/>
    public Stream OpenRead(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (TreePath.Problem(path) is { } problem)
        {
            throw new ArgumentException($"The path {problem}.", nameof(path));
        }

        var fullPath = Path.Join(Root, path);
        try
        {
            // Also so that a named pipe that took the file's place cannot hold us, nor a link lead us out.
            return _files.Status(fullPath) switch
            {
                { IsRegular: true } => new FileStream(fullPath, new FileStreamOptions
                {
                    Access = FileAccess.Read,
                    Share = FileShare.ReadWrite | FileShare.Delete,
                    BufferSize = 0,
                }),
                { IsSocket: true } => Stream.Null,
                null => throw new FileNotFoundException("It is gone since the folder was listed."),
                _ => throw new IOException("It is no regular file any more since the folder was listed."),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TreeWalk.Unreadable(path, fullPath, e.Message, e);
        }
    }

    private IEnumerable<FileEntry> Walk(FileSelection selection, CancellationToken cancellationToken)
    {
        var root = Root;
        if (!Directory.Exists(root))
        {
            throw new BuildxException(
                BuildxFailure.BuildContextNotFound,
                $"The folder '{root}' does not exist or is not a folder.",
                "Give the path of a folder as build context.");
        }

        var filter = TreeFilter.Create(selection, root, _files);
        foreach (var entry in new TreeWalk(root, filter, _files).Entries(cancellationToken))
        {
            yield return entry;
        }
    }
}
