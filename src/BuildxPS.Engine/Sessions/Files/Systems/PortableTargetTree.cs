using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>A tree by paths, where there is nothing better.</summary>
internal sealed class PortableTargetTree : ITargetTree
{
    private readonly string _root;
    private readonly IFileSystem _files;

    /// <summary>Works in a folder.</summary>
    /// <param name="root">The folder, of our own.</param>
    /// <param name="files">The file system.</param>
    public PortableTargetTree(string root, IFileSystem files)
    {
        _root = root;
        _files = files;
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path) => _files.CreateDirectory(Full(path));

    /// <inheritdoc/>
    public void CreateSymbolicLink(FileEntry entry)
    {
        var path = Full(entry.Path);

        // Only Windows tells them apart. Nothing is made or read behind the link.
        var isDirectory = OperatingSystem.IsWindows() && Directory.Exists(Path.Join(Path.GetDirectoryName(path), entry.LinkName));
        _files.CreateSymbolicLink(path, entry.LinkName, isDirectory);
        _files.SetMetadata(path, entry);
    }

    /// <inheritdoc/>
    public void CreateSpecial(FileEntry entry)
    {
        var path = Full(entry.Path);
        _files.CreateSpecial(path, entry);
        _files.SetMetadata(path, entry);
    }

    /// <inheritdoc/>
    public TargetEntry Find(string path)
    {
        // The system would follow a link on the way, and so find a file outside.
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            if (_files.Status(Path.Join(_root, path.AsSpan(0, slash))) is not { IsDirectory: true })
            {
                return TargetEntry.Other;
            }
        }

        return _files.Status(Full(path)) switch
        {
            null => TargetEntry.Nothing,
            { IsRegular: true } => TargetEntry.File,
            _ => TargetEntry.Other,
        };
    }

    /// <inheritdoc/>
    public void CreateHardLink(string path, string existing) => _files.CreateHardLink(Full(path), Full(existing));

    /// <inheritdoc/>
    public Stream CreateFile(FileEntry entry)
    {
        if (NameBytes.IsRaw(entry.Path))
        {
            throw new IOException("its name is not valid UTF-8, and cannot be made on this processor.");
        }

        var path = Full(entry.Path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            // Its own mode comes when its bytes are there: it may forbid writing, and writing takes set-user-id away.
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new TargetFile(new FileStream(path, options), () => _files.SetMetadata(path, entry));
    }

    /// <inheritdoc/>
    public void CompleteDirectory(FileEntry entry) => _files.SetMetadata(Full(entry.Path), entry);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private string Full(string path) => Path.Join(_root, path);

    private sealed class TargetFile(FileStream file, Action complete) : WriteOnlyStream
    {
        private bool _isDisposed;

        public override bool CanWrite => !_isDisposed;

        public override void Write(ReadOnlySpan<byte> buffer) => file.Write(buffer);

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_isDisposed)
            {
                _isDisposed = true;
                file.Dispose();
                complete();
            }

            base.Dispose(disposing);
        }
    }
}
