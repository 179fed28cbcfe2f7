namespace BuildxPS.Engine.Sessions.Files.Systems;

/// <summary>A tree that is read by paths: Windows, macOS, and processors whose Linux is not known.</summary>
/// <param name="root">The folder's absolute path.</param>
/// <param name="files">The file system.</param>
internal sealed class PortableSourceTree(string root, IFileSystem files) : ISourceTree
{
    /// <inheritdoc/>
    public ISourceFolder OpenRoot() => new Folder(root, files);

    /// <inheritdoc/>
    public Stream OpenRead(string path)
    {
        // Asked before it is opened, so that a named pipe that took the file's place cannot hold us, nor a link lead us out.
        var full = Path.Join(root, path);
        return IsBehindLink(path) ? throw new IOException("A folder that it lies in is a symbolic link since the folder was listed.") : files.Status(full) switch
        {
            { IsRegular: true } => new FileStream(full, new FileStreamOptions
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

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private bool IsBehindLink(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            if (files.Status(Path.Join(root, path.AsSpan(0, slash))) is { IsSymlink: true })
            {
                return true;
            }
        }

        return false;
    }

    private sealed class Folder(string path, IFileSystem files) : ISourceFolder
    {
        public NameList ReadNames()
        {
            var names = new NameList();
            try
            {
                foreach (var name in FolderNames.Read(path))
                {
                    Add(names, name);
                }

                names.Sort();
                return names;
            }
            catch
            {
                names.Dispose();
                throw;
            }
        }

        public FileStatus? Status(ReadOnlySpan<byte> name)
        {
            // .NET puts U+FFFD for bytes of a name that are no text, and then does not find the file.
            var full = Full(name);
            return files.Status(full) ?? (OperatingSystem.IsLinux() && full.Contains('\uFFFD') ? throw new IOException("Its name is not valid UTF-8.") : null);
        }

        public string ReadLink(ReadOnlySpan<byte> name) => files.ReadLink(Full(name));

        public IReadOnlyDictionary<string, ReadOnlyMemory<byte>>? ExtendedAttributes(ReadOnlySpan<byte> name) =>
            files.ExtendedAttributes(Full(name));

        public ISourceFolder? OpenFolder(ReadOnlySpan<byte> name) => new Folder(Full(name), files);

        public void Rest()
        {
        }

        public void Dispose()
        {
        }

        private static void Add(NameList names, string name)
        {
            var bytes = new byte[NameBytes.MaxBytes(name.Length)];
            var length = NameBytes.Encode(name, bytes);

            // Half a surrogate pair, which only Windows lets into names.
            if (NameBytes.Decode(bytes.AsSpan(0, length)) != name)
            {
                throw new IOException($"The name '{TreePath.Show(name)}' in it is not valid text.");
            }

            names.Add(bytes.AsSpan(0, length), NameList.Kind.Unknown);
        }

        private string Full(ReadOnlySpan<byte> name) => Path.Join(path, NameBytes.Decode(name[..^1]));
    }
}
