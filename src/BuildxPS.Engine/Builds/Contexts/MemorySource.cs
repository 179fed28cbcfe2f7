using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Builds.Contexts;

/// <summary>A folder that is on no disk: with one file, or empty.</summary>
internal sealed class MemorySource : IFileSource
{
    private const FileEntryMode ReadableMode = (FileEntryMode)0x1A4;
    private const FileEntryMode ExecutableMode = (FileEntryMode)0x1ED;

    private readonly string? _name;
    private readonly FileEntryMode _mode;
    private readonly ReadOnlyMemory<byte> _bytes;

    // An engine takes a file of equal time and size for the one that it got before.
    private readonly long _modified = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;

    private MemorySource(string? name, ReadOnlyMemory<byte> bytes, FileEntryMode mode = ReadableMode)
    {
        _name = name;
        _mode = mode;
        _bytes = bytes;
    }

    /// <summary>A folder with nothing in it.</summary>
    public static MemorySource Empty() => new(null, default);

    /// <summary>A folder with one file.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="bytes">What is in it.</param>
    public static MemorySource Of(string name, ReadOnlyMemory<byte> bytes) => new(name, bytes);

    /// <summary>A folder with one file that may be executed.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="bytes">What is in it.</param>
    public static MemorySource OfProgram(string name, ReadOnlyMemory<byte> bytes) => new(name, bytes, ExecutableMode);

    /// <inheritdoc/>
    public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken)
        => _name is null ? [] : [new FileEntry { Path = _name, Mode = _mode, Size = _bytes.Length, ModifiedNanoseconds = _modified }];

    /// <inheritdoc/>
    public Stream OpenRead(string path)
        => path == _name ? new MemoryStream(_bytes.ToArray(), writable: false) : throw new FileNotFoundException(null, path);
}
