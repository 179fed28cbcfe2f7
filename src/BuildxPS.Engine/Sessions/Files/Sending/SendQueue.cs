using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>
/// What is ready to go to the engine, and in which order it goes. Whoever adds a block writes it out, unless somebody is at
/// it already; so a flush that takes its time collects what becomes ready meanwhile, and the next one takes all of it.
/// </summary>
internal sealed class SendQueue : IDisposable
{
    private const int DataBlocks = 6;
    private const int DataCapacity = 160 * 1024;
    private const int EntryBlocks = 8;
    private const int RoundLength = 256 * 1024;

    // An engine takes entries and bytes from one stream, in order, but makes files on one thread and fills them on another:
    // if thousands of entries come in a row, the second waits for the first, and then the other way round. So the list goes
    // out in small pieces between the bytes, not much further ahead than the engine has room for (it queues 256 entries).
    private const int Lead = 1024;
    private const int EntryCapacity = 32 * 1024;
    private const int EntryCapacityBesideData = 8 * 1024;

    // An engine that asks for nothing for so long has most of these files already.
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(20);

    private readonly PacketWriter _output;
    private readonly Action<Exception> _onFailure;
    private readonly CancellationToken _aborted;
    private readonly Lock _gate = new();
    private readonly Queue<PacketBlock> _data = new();
    private readonly Queue<PacketBlock> _entries = new();
    private readonly List<PacketBlock> _round = [];
    private readonly Stack<PacketBlock> _free = new();
    private readonly SemaphoreSlim _dataSlots = new(DataBlocks);
    private readonly SemaphoreSlim _entrySlots = new(EntryBlocks);
    private readonly Timer _quietTimer;
    private Task _writing = Task.CompletedTask;
    private bool _isWriting;
    private bool _isDisposed;
    private long _requestedTo = -1;
    private long _lastRequest;

    /// <summary>Makes an empty queue.</summary>
    /// <param name="output">Where blocks are written to.</param>
    /// <param name="onFailure">Takes the cause when they cannot be.</param>
    /// <param name="aborted">Cancelled when the call is gone. Nothing else stops a flush: to cancel one resets the call.</param>
    public SendQueue(PacketWriter output, Action<Exception> onFailure, CancellationToken aborted)
    {
        _output = output;
        _onFailure = onFailure;
        _aborted = aborted;
        _quietTimer = new Timer(_ => Write(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits until there may be one more block of files' bytes.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The block; <see cref="AddData"/> takes it back.</returns>
    public async ValueTask<PacketBlock> RentForDataAsync(CancellationToken cancellationToken)
    {
        await _dataSlots.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            return _free.TryPop(out var block) ? block : new PacketBlock(DataCapacity);
        }
    }

    /// <summary>Waits until there may be one more block of entries.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The block; <see cref="AddEntries"/> takes it back.</returns>
    public async ValueTask<PacketBlock> RentForEntriesAsync(CancellationToken cancellationToken)
    {
        await _entrySlots.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new PacketBlock(Volatile.Read(ref _requestedTo) < 0 ? EntryCapacity : EntryCapacityBesideData);
    }

    /// <summary>Sends bytes of files.</summary>
    /// <param name="block">The block.</param>
    public void AddData(PacketBlock block) => Add(_data, block);

    /// <summary>Sends entries, in the order of these calls.</summary>
    /// <param name="block">The block.</param>
    public void AddEntries(PacketBlock block) => Add(_entries, block);

    /// <summary>Notes that the engine asked for a file: it has come as far as that in the list.</summary>
    /// <param name="number">The file's number.</param>
    public void NoteRequest(uint number)
    {
        lock (_gate)
        {
            _requestedTo = Math.Max(_requestedTo, number);
            _lastRequest = Environment.TickCount64;
        }
    }

    /// <summary>Waits until nothing is being written any more.</summary>
    /// <returns>A task.</returns>
    public Task WhenWrittenAsync()
    {
        lock (_gate)
        {
            return _writing;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _quietTimer.Dispose();
        lock (_gate)
        {
            // What is being written right now is let go by who writes it.
            _isDisposed = true;
            DisposeAll(_data);
            DisposeAll(_entries);
            DisposeAll(_free);
        }
    }

    private static void DisposeAll(IReadOnlyCollection<PacketBlock> blocks)
    {
        foreach (var block in blocks)
        {
            block.Dispose();
        }
    }

    private void Add(Queue<PacketBlock> queue, PacketBlock block)
    {
        lock (_gate)
        {
            queue.Enqueue(block);
        }

        Write();
    }

    private void Write()
    {
        TaskCompletionSource written;
        lock (_gate)
        {
            if (_isWriting || _isDisposed)
            {
                return;
            }

            _isWriting = true;
            written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _writing = written.Task;
        }

        _ = WriteAsync(written);
    }

    private async Task WriteAsync(TaskCompletionSource written)
    {
        try
        {
            while (TakeRound())
            {
                await _output.WriteAsync(_round, _aborted).ConfigureAwait(false);
                ReleaseRound();
            }
        }
        catch (Exception e)
        {
            // Nothing can be written any more, so this stays the last one to have tried.
            _onFailure(e);
        }
        finally
        {
            written.SetResult();
        }
    }

    /// <summary>Takes what may go now, bytes and entries in turns.</summary>
    private bool TakeRound()
    {
        lock (_gate)
        {
            var length = 0;
            for (var any = !_isDisposed; any && length < RoundLength;)
            {
                any = false;
                if (_data.TryDequeue(out var data))
                {
                    any = true;
                    length += data.Packets.Length;
                    _round.Add(data);
                }

                if (_entries.TryPeek(out var entries) && MayGo(entries))
                {
                    any = true;
                    length += entries.Packets.Length;
                    _round.Add(_entries.Dequeue());
                }
            }

            _isWriting = _round.Count > 0;
            if (!_isWriting && !_isDisposed && _entries.Count > 0)
            {
                _ = _quietTimer.Change(s_quiet, Timeout.InfiniteTimeSpan);
            }

            return _isWriting;
        }
    }

    private bool MayGo(PacketBlock entries) =>
        _requestedTo < 0
        || entries.LastEntry <= _requestedTo + Lead
        || Environment.TickCount64 - _lastRequest >= s_quiet.TotalMilliseconds;

    private void ReleaseRound()
    {
        var (data, entries) = (0, 0);
        lock (_gate)
        {
            foreach (var block in _round)
            {
                if (block.Capacity == DataCapacity)
                {
                    data++;
                    block.Clear();
                    _free.Push(block);
                }
                else
                {
                    entries++;
                    block.Dispose();
                }
            }

            _round.Clear();
        }

        // Whoever waits for a block goes on on a thread of its own.
        _ = data > 0 ? _dataSlots.Release(data) : 0;
        _ = entries > 0 ? _entrySlots.Release(entries) : 0;
    }
}
