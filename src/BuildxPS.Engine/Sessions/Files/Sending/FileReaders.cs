using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>
/// Reads the files that the engine asked for. One reader does for files that are in memory; where more wait than it keeps up
/// with, because a disk has to be waited for, others join it.
/// </summary>
internal sealed class FileReaders
{
    private const int MaxReaders = 4;
    private const int WaitingPerReader = 32;

    private readonly IFileSource _source;
    private readonly ListedFiles _listed;
    private readonly SendQueue _queue;
    private readonly int _maxWait;
    private readonly Action<Exception> _onFailure;
    private readonly CancellationToken _stopping;
    private readonly Lock _gate = new();
    private readonly Queue<(uint Number, long Size)> _waiting = new();
    private readonly List<Task> _running = [];
    private int _readers;

    /// <summary>Prepares to read.</summary>
    /// <param name="source">The tree.</param>
    /// <param name="listed">Its entries.</param>
    /// <param name="queue">Takes what was read.</param>
    /// <param name="maxWait">How long what was read may wait for more, in milliseconds.</param>
    /// <param name="onFailure">Takes the cause when a file cannot be read.</param>
    /// <param name="stopping">Ends all reading.</param>
    public FileReaders(IFileSource source, ListedFiles listed, SendQueue queue, int maxWait, Action<Exception> onFailure, CancellationToken stopping)
    {
        _source = source;
        _listed = listed;
        _queue = queue;
        _maxWait = maxWait;
        _onFailure = onFailure;
        _stopping = stopping;
    }

    /// <summary>Adds a file to read. There are never more than were listed.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="size">Its size when it was listed.</param>
    public void Add(uint number, long size)
    {
        lock (_gate)
        {
            _waiting.Enqueue((number, size));
        }
    }

    /// <summary>Sees to it that what was added is read.</summary>
    public void Start()
    {
        lock (_gate)
        {
            while (_waiting.Count > _readers * WaitingPerReader && _readers < MaxReaders)
            {
                _readers++;
                _ = _running.RemoveAll(t => t.IsCompleted);
                _running.Add(Task.Run(ReadAsync));
            }
        }
    }

    /// <summary>Waits until nothing is being read any more.</summary>
    /// <returns>A task.</returns>
    public Task WhenIdleAsync()
    {
        lock (_gate)
        {
            return Task.WhenAll(_running);
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await ReadWaitingAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _onFailure(e);
        }
    }

    private async Task ReadWaitingAsync()
    {
        PacketBlock? block = null;
        while (TryTake(hasBlock: block is not null, out var number, out var size))
        {
            if (size is { } length)
            {
                block ??= await _queue.RentForDataAsync(_stopping).ConfigureAwait(false);
                block = await ReadAsync(block, number, length).ConfigureAwait(false);
            }

            // Nothing waits for now: what was read is what the engine waits for.
            if (block is not null && (size is null || Environment.TickCount64 - block.Since >= _maxWait))
            {
                _queue.AddData(block);
                block = null;
            }
        }
    }

    /// <summary>Takes the next file; a reader with nothing to read and nothing to hand on ends here.</summary>
    private bool TryTake(bool hasBlock, out uint number, out long? size)
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out var next) && !_stopping.IsCancellationRequested)
            {
                (number, size) = next;
                return true;
            }

            (number, size) = (0, null);
            _readers -= hasBlock ? 0 : 1;
            return hasBlock;
        }
    }

    private async ValueTask<PacketBlock> ReadAsync(PacketBlock block, uint number, long size)
    {
        var path = _listed.PathOf(number);
        var stream = _source.OpenRead(path);
        await using (stream.ConfigureAwait(false))
        {
            var left = size;
            do
            {
                var length = (int)Math.Min(left, PacketWriter.PieceLength);
                if (!block.HasRoomForData(number, length))
                {
                    _queue.AddData(block);
                    block = await _queue.RentForDataAsync(_stopping).ConfigureAwait(false);
                }

                // One byte more than the last piece should have: the file may have grown.
                var room = block.RoomForData(number, length);
                var read = Read(stream, path, left == length ? room : room[..length]);
                if (read != length)
                {
                    throw Changed(path, size, size - left + read, more: read > length);
                }

                block.AddData(number, length);
                left -= length;
            }
            while (left > 0);

            block.AddEndOfData(number);
            return block;
        }
    }

    /// <summary>Fills the buffer as far as the file goes.</summary>
    private static int Read(Stream stream, string path, Span<byte> buffer)
    {
        try
        {
            return stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BuildxException(
                BuildxFailure.BuildContextUnreadable,
                $"'{TreePath.Show(path)}' in the build context cannot be read: {e.Message}",
                "Check the disk that holds the build context.",
                e);
        }
    }

    private static BuildxException Changed(string path, long size, long found, bool more) => new(
        BuildxFailure.BuildContextUnreadable,
        $"'{TreePath.Show(path)}' in the build context changed while it was sent: it had {size} bytes when it was listed, and now has {(more ? "more" : $"only {found}")}.",
        "Build again when nothing writes to the file, or exclude it in .dockerignore.")
    {
        IsTransient = true,
    };
}
