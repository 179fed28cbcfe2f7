using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>A folder with one file of zeros, <c>zeros</c>, as long as wanted. It counts what was read of it, and what is open.</summary>
internal sealed class ZeroFileSource(long size) : IFileSource
{
    private static long s_time = 1_600_000_000_000_000_000 + System.Environment.TickCount64;

    // No engine has a file of this time yet.
    private readonly long _time = Interlocked.Add(ref s_time, 1_000_000_000);
    private long _read;
    private int _open;

    public long Read => Interlocked.Read(ref _read);

    /// <summary>Until no file is open any more: who ends a build waits only so long for what still reads.</summary>
    public async Task IsClosedAsync()
    {
        using var guard = new CancellationTokenSource(RealEngine.Guard);
        while (Volatile.Read(ref _open) > 0)
        {
            await Task.Delay(20, guard.Token);
        }
    }

    public IEnumerable<FileEntry> List(FileSelection selection, CancellationToken cancellationToken)
        // The frontend looks for a .dockerignore first, and takes what it gets.
        => !selection.FollowPaths.Concat(selection.IncludePatterns).Contains("zeros") ? []
        : [new FileEntry { Path = "zeros", Mode = (FileEntryMode)0x1A4, Size = size, ModifiedNanoseconds = _time }];

    public Stream OpenRead(string path) => new Zeros(this);

    private sealed class Zeros : Stream
    {
        private readonly ZeroFileSource _source;
        private long _left;
        private int _disposed;

        public Zeros(ZeroFileSource source)
        {
            _source = source;
            _left = source.Size;
            Interlocked.Increment(ref source._open);
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, _left);
            buffer[..count].Clear();
            _left -= count;
            Interlocked.Add(ref _source._read, count);
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                Interlocked.Decrement(ref _source._open);
            }

            base.Dispose(disposing);
        }
    }

    private long Size => size;
}
