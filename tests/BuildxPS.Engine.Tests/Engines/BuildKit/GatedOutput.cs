using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>An output whose first write waits until a test lets it go on, as on a disk that hangs.</summary>
internal sealed class GatedOutput : IFileOutput
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _length;

    /// <summary>Ends when the first bytes are there.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Ends when no more will come.</summary>
    public Task Closed => _closed.Task;

    public long Length => Interlocked.Read(ref _length);

    public void Open() => _opened.TrySetResult();

    public Task<Stream> OpenAsync(IReadOnlyDictionary<string, string> exporterResponse, CancellationToken cancellationToken)
        => Task.FromResult<Stream>(new Gate(this));

    public void Complete()
    {
    }

    public Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<string> UndoAsync() => Task.FromResult("");

    public Task CommitAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Gate(GatedOutput output) : MemoryStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            output._reached.TrySetResult();
            await output._opened.Task.WaitAsync(cancellationToken);
            Interlocked.Add(ref output._length, buffer.Length);
        }

        protected override void Dispose(bool disposing)
        {
            output._closed.TrySetResult();
            base.Dispose(disposing);
        }
    }
}
