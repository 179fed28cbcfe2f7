using System.Buffers;
using System.IO.Pipelines;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>The receiving side of one file transfer: takes a tree, and asks for the bytes of every file in it.</summary>
internal sealed class FileReceiver : IDisposable
{
    // Fewer than a sender holds in its queue, so that it always reads on and neither side waits for the other.
    private const int MaxRequested = 64;

    // Entries come before their bytes are asked for, so some wait. A tree of a million files stays far below.
    private const long DefaultMaxHeldBytes = 512L * 1024 * 1024;

    private readonly long _maxHeldBytes;
    private readonly ITreeWriter _tree;
    private readonly PipeReader _input;
    private readonly PacketWriter _output;
    private readonly Queue<(uint Id, string Path, long Size, long Held)> _waiting = new();
    private readonly Dictionary<uint, Incoming> _requested = [];
    private byte[] _scratch = ArrayPool<byte>.Shared.Rent(PacketWriter.PieceLength);
    private long _held;
    private uint _nextId;
    private bool _isListed;
    private bool _isComplete;

    /// <summary>Prepares a transfer.</summary>
    /// <param name="tree">Takes the tree.</param>
    /// <param name="input">What the engine sends.</param>
    /// <param name="output">What we send.</param>
    /// <param name="maxHeldBytes">How much of the memory entries may take that are not complete.</param>
    public FileReceiver(ITreeWriter tree, PipeReader input, PacketWriter output, long maxHeldBytes = DefaultMaxHeldBytes)
    {
        _maxHeldBytes = maxHeldBytes;
        _tree = tree;
        _input = input;
        _output = output;
    }

    /// <summary>Runs the transfer until everything is there.</summary>
    /// <param name="cancellationToken">Ends the transfer.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException">The tree could not be written, or the engine broke the protocol.</exception>
    /// <exception cref="SessionStatusException">The engine reported an error.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await _input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = result.Buffer;
            while (PacketBuffer.TryRead(ref buffer, out var packet))
            {
                if (Take(packet))
                {
                    _input.AdvanceTo(buffer.Start);
                    return;
                }
            }

            _input.AdvanceTo(buffer.Start, buffer.End);
            await RequestAsync(cancellationToken).ConfigureAwait(false);
            if (result.IsCompleted)
            {
                throw WireReader.Violation("the sender ended before all files were there");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var incoming in _requested.Values)
        {
            try
            {
                incoming.Stream?.Dispose();
            }
            catch (BuildxException)
            {
                // The transfer failed already, and these files with it.
            }
        }

        _requested.Clear();
        ArrayPool<byte>.Shared.Return(_scratch);
        _scratch = [];
    }

    /// <summary>Takes one packet.</summary>
    /// <returns>Whether the transfer is over.</returns>
    private bool Take(Packet packet)
    {
        switch (packet.Kind)
        {
            case PacketKind.Stat when !_isListed:
                AddEntry(packet);
                return false;
            case PacketKind.Data:
                Write(packet.Id, packet.Data);
                return false;
            case PacketKind.Finish when _isComplete:
                return true;
            case PacketKind.Error:
                throw new SessionStatusException(
                    Grpc.Core.StatusCode.Unknown,
                    $"error from sender: {PacketBuffer.ErrorText(packet.Data)}");
            default:
                throw WireReader.Violation($"a sender does not send a packet of kind {packet.Kind} now");
        }
    }

    private void AddEntry(Packet packet)
    {
        if (packet.Stat is not { } stat)
        {
            _isListed = true;
            return;
        }

        var entry = Packet.ReadEntry(stat);
        _tree.Add(entry);
        if (entry.HasContent || (entry.Mode & FileEntryMode.Directory) != 0)
        {
            _held += HeldBytes(entry);
            if (_held > _maxHeldBytes)
            {
                throw WireReader.Violation("so many and so large entries wait for their bytes that they do not fit into memory");
            }
        }

        if (entry.HasContent)
        {
            _waiting.Enqueue((_nextId, entry.Path, entry.Size, HeldBytes(entry)));
        }

        _nextId++;
    }

    /// <summary>What an entry takes of memory until it is complete, about.</summary>
    private static long HeldBytes(FileEntry entry)
    {
        const int ObjectsBytes = 256;
        var bytes = ObjectsBytes + (2L * entry.Path.Length);
        foreach (var (name, value) in entry.ExtendedAttributes ?? new Dictionary<string, ReadOnlyMemory<byte>>())
        {
            bytes += ObjectsBytes + (2L * name.Length) + value.Length;
        }

        return bytes;
    }

    private void Write(uint id, ReadOnlySequence<byte> data)
    {
        if (!_requested.TryGetValue(id, out var incoming))
        {
            throw WireReader.Violation($"data came for entry {id}, which was not requested");
        }

        incoming.Stream ??= _tree.OpenWrite(incoming.Path);
        if (data.IsEmpty)
        {
            // An engine that cannot read a file of its own may just end it early.
            if (incoming.Received < incoming.Size)
            {
                throw WireReader.Violation($"'{TreePath.Show(incoming.Path)}' ended after {incoming.Received} of its {incoming.Size} bytes");
            }

            _ = _requested.Remove(id);
            _held -= incoming.Held;
            incoming.Stream.Dispose();
            return;
        }

        incoming.Received += data.Length;
        if (incoming.Received > incoming.Size)
        {
            throw WireReader.Violation($"'{TreePath.Show(incoming.Path)}' is longer than its {incoming.Size} bytes");
        }

        if (data.IsSingleSegment)
        {
            incoming.Stream.Write(data.FirstSpan);
            return;
        }

        // One call to the system a packet, not one for each of the pipe's small segments.
        var length = (int)data.Length;
        if (_scratch.Length < length)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
            _scratch = ArrayPool<byte>.Shared.Rent(length);
        }

        data.CopyTo(_scratch);
        incoming.Stream.Write(_scratch.AsSpan(0, length));
    }

    private async Task RequestAsync(CancellationToken cancellationToken)
    {
        var any = false;
        while (_requested.Count < MaxRequested && _waiting.TryDequeue(out var file))
        {
            _requested.Add(file.Id, new Incoming(file.Path, file.Size, file.Held));
            await _output.WriteRequestAsync(file.Id, cancellationToken).ConfigureAwait(false);
            any = true;
        }

        if (any)
        {
            await _output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_isListed && !_isComplete && _requested.Count == 0 && _waiting.Count == 0)
        {
            _tree.Complete();
            _isComplete = true;
            await _output.WriteFinishAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private sealed class Incoming(string path, long size, long held)
    {
        public long Held { get; } = held;

        public string Path { get; } = path;

        public long Size { get; } = size;

        public long Received { get; set; }

        public Stream? Stream { get; set; }
    }
}
