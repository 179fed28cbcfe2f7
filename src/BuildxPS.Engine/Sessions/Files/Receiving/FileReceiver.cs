using System.Buffers;
using System.IO.Pipelines;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Files.Packets;

namespace BuildxPS.Engine.Sessions.Files.Receiving;

/// <summary>The receiving side of one file transfer: takes a tree, and asks for the bytes of every file in it.</summary>
internal sealed class FileReceiver : IDisposable
{
    // Enough for a sender to have work while these files are written. It holds about 130 in its queue and leaves the rest
    // unread, which is far below what it may be sent without reading, so neither side ever waits for the other.
    private const int MaxRequested = 512;
    private const int RequestBatch = 64;

    // Bytes of a file are written in pieces of this size, where they come so fast.
    private const int PieceLength = 256 * 1024;

    // Entries come before their bytes are asked for, so some wait. A tree of a million files stays far below.
    private const long DefaultMaxHeldBytes = 512L * 1024 * 1024;

    private readonly long _maxHeldBytes;
    private readonly ITreeWriter _tree;
    private readonly PipeReader _input;
    private readonly PacketWriter _output;
    private readonly EntryQueue _waiting = new();
    private readonly Dictionary<uint, Incoming> _requested = [];
    private readonly byte[] _piece = ArrayPool<byte>.Shared.Rent(PieceLength);
    private Incoming? _pieceOf;
    private int _pieceLength;
    private long _held;
    private uint _nextId;
    private bool _isListed;
    private bool _isComplete;
    private bool _isDisposed;

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

                // Not only when all that came is written: the engine would have nothing to do so long.
                if (_waiting.Count > 0 && MaxRequested - _requested.Count >= RequestBatch)
                {
                    await RequestAsync(cancellationToken).ConfigureAwait(false);
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
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
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

        _waiting.Dispose();
        ArrayPool<byte>.Shared.Return(_piece);
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
        }

        if (entry.HasContent)
        {
            _waiting.Enqueue(_nextId, stat);
        }

        // What waits does so as its message, which may be larger than what an entry is made of.
        if (_held + _waiting.HeldBytes > _maxHeldBytes)
        {
            throw WireReader.Violation("so many and so large entries wait for their bytes that they do not fit into memory");
        }

        _nextId++;
    }

    /// <summary>What an entry takes of memory until it is complete, about.</summary>
    private static long HeldBytes(FileEntry entry)
    {
        const int ObjectsBytes = 256;
        var bytes = ObjectsBytes + (2L * entry.Path.Length);
        if (entry.ExtendedAttributes is { } attributes)
        {
            foreach (var (name, value) in attributes)
            {
                bytes += ObjectsBytes + (2L * name.Length) + value.Length;
            }
        }

        return bytes;
    }

    private void Write(uint id, ReadOnlySequence<byte> data)
    {
        if (!_requested.TryGetValue(id, out var incoming))
        {
            throw WireReader.Violation($"data came for entry {id}, which was not requested");
        }

        var file = incoming.Entry;
        incoming.Received += data.Length;
        if (incoming.Received > file.Size)
        {
            throw WireReader.Violation($"'{TreePath.Show(file.Path)}' is longer than its {file.Size} bytes");
        }

        if (!data.IsEmpty)
        {
            Append(incoming, data);
            return;
        }

        // An engine that cannot read a file of its own may just end it early.
        if (incoming.Received < file.Size)
        {
            throw WireReader.Violation($"'{TreePath.Show(file.Path)}' ended after {incoming.Received} of its {file.Size} bytes");
        }

        if (_pieceOf == incoming)
        {
            WritePiece();
        }

        Open(incoming).Dispose();
        _ = _requested.Remove(id);
        _held -= HeldBytes(file);
    }

    /// <summary>Adds bytes to the piece that is written next. A small file is made, written and closed in one go, at its end.</summary>
    private void Append(Incoming incoming, ReadOnlySequence<byte> data)
    {
        if (_pieceOf != incoming)
        {
            WritePiece();
            _pieceOf = incoming;
        }

        while (!data.IsEmpty)
        {
            var part = data.Slice(0, Math.Min(data.Length, _piece.Length - _pieceLength));
            part.CopyTo(_piece.AsSpan(_pieceLength));
            _pieceLength += (int)part.Length;
            data = data.Slice(part.End);
            if (_pieceLength == _piece.Length)
            {
                WritePiece();
                _pieceOf = incoming;
            }
        }
    }

    private void WritePiece()
    {
        if (_pieceOf is { } incoming && _pieceLength > 0)
        {
            Open(incoming).Write(_piece, 0, _pieceLength);
        }

        _pieceOf = null;
        _pieceLength = 0;
    }

    private Stream Open(Incoming incoming) => incoming.Stream ??= _tree.OpenWrite(incoming.Entry);

    private async Task RequestAsync(CancellationToken cancellationToken)
    {
        var any = false;
        while (_requested.Count < MaxRequested && _waiting.TryDequeue(out var id, out var entry))
        {
            _requested.Add(id, new Incoming(entry));
            await _output.WriteRequestAsync(id, cancellationToken).ConfigureAwait(false);
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

    private sealed class Incoming(FileEntry entry)
    {
        public FileEntry Entry { get; } = entry;

        public long Received { get; set; }

        public Stream? Stream { get; set; }
    }
}
