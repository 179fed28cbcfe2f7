using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// The sending side of one file transfer: lists a tree and, while the list still goes out, sends the files that the engine
/// asks for.
/// </summary>
internal sealed class FileSender : IDisposable
{
    private const int Readers = 4;
    private const int QueueLength = 128;
    private const int ReadLength = 256 * 1024;

    private readonly IFileSource _source;
    private readonly PacketWriter _output;
    private readonly PipeReader _input;
    private readonly CancellationTokenSource _stopping;
    private readonly List<Listed> _listed = [];
    private readonly Channel<(uint Id, Listed File)> _requests = Channel.CreateBounded<(uint, Listed)>(QueueLength);
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
    }

    /// <summary>Runs the transfer until the engine has what it wants.</summary>
    /// <param name="selection">What the engine asked for.</param>
    /// <param name="cancellationToken">The token given to the constructor.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The tree could not be read, or the engine broke the protocol.</exception>
    /// <exception cref="SessionStatusException">The engine reported an error.</exception>
    public async Task RunAsync(FileSelection selection, CancellationToken cancellationToken)
    {
        var tasks = new List<Task> { RunAsync(() => ListAsync(selection)), RunAsync(ServeAsync) };
        for (var i = 0; i < Readers; i++)
        {
            tasks.Add(RunAsync(SendRequestedAsync));
        }

        await Task.WhenAll(tasks).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (_failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }

        await _output.WriteFinishAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private Task RunAsync(Func<Task> part) => Task.Run(async () =>
    {
        try
        {
            await part().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The first failure is the cause; the others follow from stopping. Whatever it is, RunAsync throws it: a part
            // that ended without stopping the others would leave the transfer waiting.
            _ = Interlocked.CompareExchange(ref _failure, e, null);
            await _stopping.CancelAsync().ConfigureAwait(false);
        }
    });

    private async Task ListAsync(FileSelection selection)
    {
        foreach (var entry in _source.List(selection, _stopping.Token))
        {
            // An engine may have all it wants before it saw the whole list.
            if (_isFinished)
            {
                return;
            }

            lock (_listed)
            {
                _listed.Add(entry.HasContent ? new Listed(entry.Path, entry.Size) : default);
            }

            await _output.WriteEntryAsync(entry, _stopping.Token).ConfigureAwait(false);
        }

        if (!_isFinished)
        {
            await _output.WriteEndOfEntriesAsync(_stopping.Token).ConfigureAwait(false);
        }
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
                        await _requests.Writer.WriteAsync((packet.Id, Take(packet.Id)), _stopping.Token).ConfigureAwait(false);
                        break;
                    case PacketKind.Finish:
                        _input.AdvanceTo(buffer.Start);
                        // The others end by themselves: to cancel a flush that is under way resets the whole call.
                        _isFinished = true;
                        _ = _requests.Writer.TryComplete();
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
            if (result.IsCompleted)
            {
                throw WireReader.Violation("the receiver ended before it had all files");
            }
        }
    }

    private Listed Take(uint id)
    {
        lock (_listed)
        {
            if (id >= _listed.Count || _listed[(int)id].Path is null)
            {
                throw WireReader.Violation($"entry {id} was requested, which is no file that can be requested, or not again");
            }

            var file = _listed[(int)id];
            _listed[(int)id] = default;
            return file;
        }
    }

    private async Task SendRequestedAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadLength);
        try
        {
            while (await _requests.Reader.WaitToReadAsync(_stopping.Token).ConfigureAwait(false))
            {
                while (_requests.Reader.TryRead(out var request))
                {
                    await SendFileAsync(request.Id, request.File, buffer).ConfigureAwait(false);
                }

                // Nobody writes more for now: what waits in the pipe is what the engine waits for.
                await _output.FlushAsync(_stopping.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task SendFileAsync(uint id, Listed file, byte[] buffer)
    {
        var stream = _source.OpenRead(file.Path!);
        await using (stream.ConfigureAwait(false))
        {
            var sent = 0L;
            while (true)
            {
                var length = Read(stream, file, buffer);
                sent += length;

                // A file that filled the buffer to its last byte is read once more: it may have grown.
                var isLast = length < ReadLength;
                if (sent > file.Size || (isLast && sent < file.Size))
                {
                    throw Changed(file, sent, more: sent > file.Size);
                }

                await _output.WriteDataAsync(id, buffer.AsMemory(0, length), isLast, _stopping.Token).ConfigureAwait(false);
                if (isLast)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Fills the buffer as far as the file goes.</summary>
    private static int Read(Stream stream, Listed file, byte[] buffer)
    {
        try
        {
            return stream.ReadAtLeast(buffer.AsSpan(0, ReadLength), ReadLength, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BuildxException(
                BuildxFailure.BuildContextUnreadable,
                $"'{TreePath.Show(file.Path!)}' in the build context cannot be read: {e.Message}",
                "Check the disk that holds the build context.",
                e);
        }
    }

    private static BuildxException Changed(Listed file, long sent, bool more) => new(
        BuildxFailure.BuildContextUnreadable,
        $"'{TreePath.Show(file.Path!)}' in the build context changed while it was sent: it had {file.Size} bytes when it was listed, and now has {(more ? "more" : $"only {sent}")}.",
        "Build again when nothing writes to the file, or exclude it in .dockerignore.")
    {
        IsTransient = true,
    };

    /// <summary>A regular file in the list; without a path an entry that cannot be requested, or was.</summary>
    private readonly record struct Listed(string? Path, long Size);
}
