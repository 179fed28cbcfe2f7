using System.IO.Pipelines;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Sessions.Files.Sending;

/// <summary>
/// The sending side of one file transfer: lists a tree and, while the list still goes out, sends the files that the engine
/// asks for.
/// </summary>
internal sealed class FileSender : IDisposable
{
    /// <summary>How long packets may wait for others to go with them, in milliseconds: a cold disk gives one file at a time.</summary>
    private const int MaxWait = 5;

    private readonly IFileSource _source;
    private readonly PacketWriter _output;
    private readonly PipeReader _input;
    private readonly CancellationTokenSource _stopping;
    private readonly ListedFiles _listed = new();
    private readonly SendQueue _queue;
    private readonly FileReaders _readers;
    private Exception? _failure;
    private volatile bool _isFinished;

    /// <summary>Prepares a transfer.</summary>
    /// <param name="source">The tree.</param>
    /// <param name="input">What the engine sends.</param>
    /// <param name="output">What we send.</param>
    /// <param name="cancellationToken">Ends the transfer.</param>
    public FileSender(IFileSource source, PipeReader input, PacketWriter output, CancellationToken cancellationToken)
    {
        _source = source;
        _input = input;
        _output = output;
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _queue = new SendQueue(output, Fail, cancellationToken);
        _readers = new FileReaders(source, _listed, _queue, MaxWait, Fail, _stopping.Token);
    }

    /// <summary>Runs the transfer until the engine has what it wants.</summary>
    /// <param name="selection">What the engine asked for.</param>
    /// <param name="cancellationToken">The token given to the constructor.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The tree could not be read, or the engine broke the protocol.</exception>
    /// <exception cref="SessionStatusException">The engine reported an error.</exception>
    public async Task RunAsync(FileSelection selection, CancellationToken cancellationToken)
    {
        await Task.WhenAll(RunAsync(() => ListAsync(selection)), RunAsync(ServeAsync)).ConfigureAwait(false);
        await _readers.WhenIdleAsync().ConfigureAwait(false);
        if (_failure is null || cancellationToken.IsCancellationRequested)
        {
            await _queue.WhenWrittenAsync().ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (_failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }

        await _output.WriteFinishAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _queue.Dispose();
        _stopping.Dispose();
    }

    private Task RunAsync(Func<Task> part) => Task.Run(async () =>
    {
        try
        {
            await part().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    });

    /// <summary>
    /// Stops all parts. The first failure is the cause; the others follow from stopping. Whatever it is, RunAsync throws it: a
    /// part that ended without stopping the others would leave the transfer waiting.
    /// </summary>
    private void Fail(Exception cause)
    {
        var isEnd = _isFinished && cause is OperationCanceledException;
        if (!isEnd && Interlocked.CompareExchange(ref _failure, cause, null) is null)
        {
            _stopping.Cancel();
        }
    }

    private async Task ListAsync(FileSelection selection)
    {
        var block = await _queue.RentForEntriesAsync(_stopping.Token).ConfigureAwait(false);
        foreach (var entry in _source.List(selection, _stopping.Token))
        {
            var number = _listed.Add(entry.Path, (entry.Mode & FileEntryMode.Directory) != 0, entry.HasContent ? entry.Size : null);
            if (!block.TryAddEntry(number, entry))
            {
                _queue.AddEntries(block);
                block = await _queue.RentForEntriesAsync(_stopping.Token).ConfigureAwait(false);
                _ = block.TryAddEntry(number, entry);
            }
            else if (Environment.TickCount64 - block.Since >= MaxWait)
            {
                _queue.AddEntries(block);
                block = await _queue.RentForEntriesAsync(_stopping.Token).ConfigureAwait(false);
            }
        }

        block.AddEndOfEntries();
        _queue.AddEntries(block);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            var result = await _input.ReadAsync(_stopping.Token).ConfigureAwait(false);
            var buffer = result.Buffer;
            while (PacketBuffer.TryRead(ref buffer, out var packet))
            {
                switch (packet.Kind)
                {
                    case PacketKind.Request:
                        Take(packet.Id);
                        break;
                    case PacketKind.Finish:
                        _input.AdvanceTo(buffer.Start);
                        // It may have all it wants before it saw the whole list.
                        _isFinished = true;
                        await _stopping.CancelAsync().ConfigureAwait(false);
                        return;
                    case PacketKind.Error:
                        throw new SessionStatusException(
                            Grpc.Core.StatusCode.Unknown,
                            $"error from receiver: {PacketBuffer.ErrorText(packet.Data)}");
                    default:
                        throw WireReader.Violation($"a receiver does not send a packet of kind {packet.Kind}");
                }
            }

            _input.AdvanceTo(buffer.Start, buffer.End);
            _readers.Start();
            if (result.IsCompleted)
            {
                throw WireReader.Violation("the receiver ended before it had all files");
            }
        }
    }

    private void Take(uint number)
    {
        if (_listed.Take(number) is not { } size)
        {
            throw WireReader.Violation($"entry {number} was requested, which is no file that can be requested, or not again");
        }

        _queue.NoteRequest(number);
        _readers.Add(number, size);
    }
}
