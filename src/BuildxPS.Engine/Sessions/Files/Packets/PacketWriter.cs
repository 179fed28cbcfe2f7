using System.IO.Pipelines;
using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Packets;

/// <summary>
/// Writes packets, framed, straight into a pipe. Any number of callers may write at once; each packet stays whole. Bytes are
/// handed on in batches, because each flush waits until the transport took them.
/// </summary>
internal sealed class PacketWriter : IDisposable
{
    /// <summary>Bytes of a file in one packet; what engines send and read themselves.</summary>
    public const int PieceLength = 32 * 1024;

    private const int FlushAt = 256 * 1024;

    private readonly PipeWriter _output;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private int _unflushed;

    /// <summary>Writes to a pipe.</summary>
    /// <param name="output">The pipe.</param>
    public PacketWriter(PipeWriter output) => _output = output;

    /// <summary>Writes packets that are ready, and hands them on.</summary>
    /// <param name="blocks">The packets.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public async ValueTask WriteAsync(IReadOnlyList<PacketBlock> blocks, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var block in blocks)
            {
                // In one piece: the pipe's own segments are small.
                var packets = block.Packets;
                packets.CopyTo(_output.GetSpan(packets.Length));
                _output.Advance(packets.Length);
                _unflushed += packets.Length;
            }

            await FlushCoreAsync(force: true, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    /// <summary>Asks for a file's bytes. The request goes out with the next flush.</summary>
    /// <param name="id">The entry's number.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WriteRequestAsync(uint id, CancellationToken cancellationToken) => WriteAsync(
        PacketEncoder.RequestLength(id), span => PacketEncoder.WriteRequest(span, id), flush: false, cancellationToken);

    /// <summary>Writes the end of the transfer.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WriteFinishAsync(CancellationToken cancellationToken) =>
        WriteAsync(PacketEncoder.FinishLength, PacketEncoder.WriteFinish, flush: true, cancellationToken);

    /// <summary>Tells the other side that something failed.</summary>
    /// <param name="text">What failed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    public ValueTask WriteErrorAsync(string text, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return WriteAsync(PacketEncoder.ErrorLength(bytes.Length), span => PacketEncoder.WriteError(span, bytes), flush: true, cancellationToken);
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
}
