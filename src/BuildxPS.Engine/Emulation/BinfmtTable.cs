namespace BuildxPS.Engine.Emulation;

/// <summary>The kernel's list of interpreters, as its file system shows it.</summary>
/// <param name="folder">Where that is mounted.</param>
internal sealed class BinfmtTable(string folder)
{
    /// <summary>Where it is mounted on every system.</summary>
    public const string UsualFolder = "/proc/sys/fs/binfmt_misc";

    private const string Register = "register";

    // EACCES and EEXIST, which are the same on all processors.
    private const int AccessDenied = 13;
    private const int AlreadyThere = 17;

    private const int MaxEntries = 1024;
    private const int MaxLength = 4096;

    /// <summary>Where it is mounted.</summary>
    public string Folder => folder;

    /// <summary>Whether it is mounted.</summary>
    public bool IsMounted => File.Exists(Path.Join(folder, Register));

    /// <summary>Whether the kernel could show it there: without support for it, the place is missing.</summary>
    public bool HasPlace => Directory.Exists(folder);

    /// <summary>Whether the kernel uses its entries at all.</summary>
    public bool IsSwitchedOn => ReadFile(Path.Join(folder, "status"))?.Trim() != "disabled";

    /// <summary>Reads the entries that go by bytes.</summary>
    /// <returns>The entries by name; none where it is not mounted, or may not be read.</returns>
    public IReadOnlyList<BinfmtEntry> Read()
    {
        try
        {
            return
            [
                .. new DirectoryInfo(folder).EnumerateFiles().Take(MaxEntries)
                    .Where(f => f.Name is not (Register or "status"))
                    .Select(f => ReadFile(f.FullName) is { } text ? BinfmtEntry.Parse(f.Name, text) : null)
                    .OfType<BinfmtEntry>()
                    .OrderBy(e => e.Name, StringComparer.Ordinal),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Registers an entry, switched on or off as it says.</summary>
    /// <param name="entry">The entry.</param>
    /// <exception cref="IOException">The kernel refuses it.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Add(BinfmtEntry entry)
    {
        Write(Register, entry.ToRegistration() ?? throw new IOException("its name and path have all characters that could part them"));
        if (!entry.IsEnabled)
        {
            Write(entry.Name, "0");
        }
    }

    /// <summary>Whether the kernel refused an entry because there is one of its name, which it may not show here.</summary>
    /// <param name="failure">What <see cref="Add"/> threw.</param>
    /// <returns>Whether it did.</returns>
    public static bool IsDuplicate(Exception failure) => failure is IOException { HResult: AlreadyThere };

    /// <summary>Takes an entry out.</summary>
    /// <param name="name">The entry's name.</param>
    /// <exception cref="IOException">The kernel refuses.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Remove(string name) => Write(name, "-1");

    // In one piece, which is what the kernel takes for one command.
    private void Write(string name, string text)
    {
        using var file = new FileStream(Path.Join(folder, name), FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        try
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(text));
        }
        catch (UnauthorizedAccessException e) when (name == Register && e.InnerException?.HResult == AccessDenied)
        {
            // The kernel opened its own file for this user, and then could not open the interpreter as a program.
            throw new IOException("it may not execute the interpreter, whose file system may be mounted with noexec", e);
        }
    }

    private static string? ReadFile(string path)
    {
        try
        {
            using var reader = File.OpenText(path);
            var buffer = new char[MaxLength];
            return new string(buffer, 0, reader.ReadBlock(buffer));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
