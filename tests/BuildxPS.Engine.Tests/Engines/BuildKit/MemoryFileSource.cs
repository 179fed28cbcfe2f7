using System.Text;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>A folder that exists in memory only. It sends all it has, whatever is asked for.</summary>
internal sealed class MemoryFileSource : IFileSource
{
    private static long s_time = 1_700_000_000_000_000_000;

    // An engine asks again only for files that differ in size or time from what it has.
    private readonly long _time = Interlocked.Add(ref s_time, 1_000_000_000) + System.Environment.TickCount64;
    private readonly SortedDictionary<string, Func<Stream>> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _sizes = new(StringComparer.Ordinal);

    /// <summary>Called before a file is opened.</summary>
    public Action<string>? Opening { get; init; }

    public MemoryFileSource Add(string path, string text) => Add(path, Encoding.UTF8.GetBytes(text));

    public MemoryFileSource Add(string path, byte[] bytes)
    {
        _files[path] = () => new MemoryStream(bytes, writable: false);
        _sizes[path] = bytes.Length;
        return this;
    }

    public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken)
        => _files.Keys.Select(path => new FileEntry
        {
            Path = path,
            Mode = (FileEntryMode)0x1A4,
            Size = _sizes[path],
            ModifiedNanoseconds = _time,
        });

    public Stream OpenRead(string path)
    {
        Opening?.Invoke(path);
        return _files[path]();
    }
}

/// <summary>A file that the engine sends, kept in memory.</summary>
internal sealed class MemoryFileOutput : IFileOutput
{
    public MemoryStream Content { get; } = new();

    public Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
        => Task.FromResult<Stream>(Content);

    public void Complete()
    {
    }

    public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task CommitAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<string> UndoAsync() => Task.FromResult("");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
