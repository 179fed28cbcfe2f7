using System.IO.Pipelines;
using System.Numerics;
using System.Text;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Files;

/// <summary>
/// Writes packets, framed, straight into a pipe. Any number of callers may write at once; each packet stays whole. Bytes are
/// handed on in batches, because each flush waits until the transport took them.
/// </summary>
internal sealed class PacketWriter : IDisposable
{
    /// <summary>Bytes of a file in one packet; what engines send and read themselves.</summary>
    public const int PieceLength = 32 * 1024;

    private const int FlushAt = 256 * 1024;
    private const byte NumberField = 0;
    private const byte BytesField = 2;

    private readonly PipeWriter _output;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private int _unflushed;

    /// <summary>Writes to a pipe.</summary>
    /// <param name="output">The pipe.</param>
    public PacketWriter(PipeWriter output) => _output = output;

    /// <summary>Writes an entry.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WriteEntryAsync(FileEntry entry, CancellationToken cancellationToken)
    {
        var length = EntryLength(entry);
        var body = 1 + VarintLength((uint)length) + length;
        return WriteAsync(body, span => WriteEntry(span, entry, length), flush: false, cancellationToken);
    }

    /// <summary>Writes the end of the list of entries.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WriteEndOfEntriesAsync(CancellationToken cancellationToken) =>
        WriteAsync(0, static _ => { }, flush: true, cancellationToken);

    /// <summary>Asks for a file's bytes. The request goes out with the next flush.</summary>
    /// <param name="id">The entry's number.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WriteRequestAsync(uint id, CancellationToken cancellationToken) => WriteAsync(
        2 + NumberLength(id),
        span =>
        {
            var at = WriteKind(span, PacketKind.Request);
            _ = WriteNumber(span, at, 3, id);
        },
        flush: false,
        cancellationToken);

    /// <summary>Writes bytes of a file, in as many packets as they need, and its end if these are the last.</summary>
    /// <param name="id">The entry's number.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="isLast">Whether the file ends here.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async ValueTask WriteDataAsync(uint id, ReadOnlyMemory<byte> data, bool isLast, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (!data.IsEmpty)
            {
                var piece = data[..Math.Min(data.Length, PieceLength)];
                FrameData(id, piece.Span);
                data = data[piece.Length..];
            }

            if (isLast)
            {
                FrameData(id, []);
            }

            await FlushCoreAsync(force: false, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    /// <summary>Writes the end of the transfer.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WriteFinishAsync(CancellationToken cancellationToken) =>
        WriteAsync(2, static span => _ = WriteKind(span, PacketKind.Finish), flush: true, cancellationToken);

    /// <summary>Tells the other side that something failed.</summary>
    /// <param name="text">What failed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WriteErrorAsync(string text, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return WriteAsync(
            2 + BytesLength(bytes.Length),
            span => _ = WriteBytes(span, WriteKind(span, PacketKind.Error), 4, bytes),
            flush: true,
            cancellationToken);
    }

    /// <summary>Hands on what was written.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await FlushCoreAsync(force: true, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private delegate void Filler(Span<byte> body);

    private async ValueTask WriteAsync(int length, Filler fill, bool flush, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Frame(length, fill);
            await FlushCoreAsync(flush, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    private void Frame(int length, Filler fill)
    {
        fill(Begin(length));
        End(length);
    }

    private void FrameData(uint id, ReadOnlySpan<byte> data)
    {
        var length = DataLength(id, data.Length);
        WriteData(Begin(length), id, data);
        End(length);
    }

    private Span<byte> Begin(int length)
    {
        var span = _output.GetSpan(GrpcMessage.HeaderLength + length);
        GrpcMessage.WriteHeader(span, length);
        return span.Slice(GrpcMessage.HeaderLength, length);
    }

    private void End(int length)
    {
        _output.Advance(GrpcMessage.HeaderLength + length);
        _unflushed += GrpcMessage.HeaderLength + length;
    }

    private async ValueTask FlushCoreAsync(bool force, CancellationToken cancellationToken)
    {
        if (_unflushed == 0 || (!force && _unflushed < FlushAt))
        {
            return;
        }

        _unflushed = 0;
        var result = await _output.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (result.IsCompleted || result.IsCanceled)
        {
            throw new OperationCanceledException("The engine dropped the call.");
        }
    }

    private static int EntryLength(FileEntry entry)
    {
        var length = BytesLength(Encoding.UTF8.GetByteCount(entry.Path))
            + NumberLength((uint)entry.Mode) + NumberLength(entry.UserId) + NumberLength(entry.GroupId)
            + NumberLength((ulong)entry.Size) + NumberLength((ulong)entry.ModifiedNanoseconds)
            + BytesLength(Encoding.UTF8.GetByteCount(entry.LinkName))
            + NumberLength((ulong)entry.DeviceMajor) + NumberLength((ulong)entry.DeviceMinor);
        foreach (var (name, value) in entry.ExtendedAttributes ?? new Dictionary<string, ReadOnlyMemory<byte>>())
        {
            length += BytesLength(AttributeLength(name, value));
        }

        return length;
    }

    private static int AttributeLength(string name, ReadOnlyMemory<byte> value) =>
        BytesLength(Encoding.UTF8.GetByteCount(name)) + BytesLength(value.Length);

    private static void WriteEntry(Span<byte> span, FileEntry entry, int length)
    {
        var at = WriteTag(span, 0, 2, BytesField);
        at = WriteVarint(span, at, (uint)length);
        at = WriteText(span, at, 1, entry.Path);
        at = WriteNumber(span, at, 2, (uint)entry.Mode);
        at = WriteNumber(span, at, 3, entry.UserId);
        at = WriteNumber(span, at, 4, entry.GroupId);
        at = WriteNumber(span, at, 5, (ulong)entry.Size);
        at = WriteNumber(span, at, 6, (ulong)entry.ModifiedNanoseconds);
        at = WriteText(span, at, 7, entry.LinkName);
        at = WriteNumber(span, at, 8, (ulong)entry.DeviceMajor);
        at = WriteNumber(span, at, 9, (ulong)entry.DeviceMinor);
        foreach (var (name, value) in entry.ExtendedAttributes ?? new Dictionary<string, ReadOnlyMemory<byte>>())
        {
            at = WriteTag(span, at, 10, BytesField);
            at = WriteVarint(span, at, (uint)AttributeLength(name, value));
            at = WriteText(span, at, 1, name);
            at = value.IsEmpty ? at : WriteBytes(span, at, 2, value.Span);
        }
    }

    private static int DataLength(uint id, int length) => 2 + NumberLength(id) + BytesLength(length);

    private static void WriteData(Span<byte> span, uint id, ReadOnlySpan<byte> data)
    {
        var at = WriteKind(span, PacketKind.Data);
        at = WriteNumber(span, at, 3, id);
        if (!data.IsEmpty)
        {
            _ = WriteBytes(span, at, 4, data);
        }
    }

    // Zero and empty values are left out, as proto3 does; the lengths below count alike.
    private static int NumberLength(ulong value) => value == 0 ? 0 : 1 + VarintLength(value);

    private static int BytesLength(int length) => length == 0 ? 0 : 1 + VarintLength((uint)length) + length;

    private static int VarintLength(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    private static int WriteKind(Span<byte> span, PacketKind kind)
    {
        span[WriteTag(span, 0, 1, NumberField)] = (byte)kind;
        return 2;
    }

    private static int WriteTag(Span<byte> span, int at, int field, byte wireType)
    {
        span[at] = (byte)((field << 3) | wireType);
        return at + 1;
    }

    private static int WriteVarint(Span<byte> span, int at, ulong value)
    {
        while (value >= 0x80)
        {
            span[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[at++] = (byte)value;
        return at;
    }

    private static int WriteNumber(Span<byte> span, int at, int field, ulong value) =>
        value == 0 ? at : WriteVarint(span, WriteTag(span, at, field, NumberField), value);

    private static int WriteText(Span<byte> span, int at, int field, string text)
    {
        if (text.Length == 0)
        {
            return at;
        }

        at = WriteTag(span, at, field, BytesField);
        at = WriteVarint(span, at, (uint)Encoding.UTF8.GetByteCount(text));
        return at + Encoding.UTF8.GetBytes(text, span[at..]);
    }

    private static int WriteBytes(Span<byte> span, int at, int field, ReadOnlySpan<byte> bytes)
    {
        at = WriteTag(span, at, field, BytesField);
        at = WriteVarint(span, at, (uint)bytes.Length);
        bytes.CopyTo(span[at..]);
        return at + bytes.Length;
    }
}
