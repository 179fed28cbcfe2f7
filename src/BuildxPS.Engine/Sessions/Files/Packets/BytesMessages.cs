using System.Buffers;
using System.IO.Pipelines;

namespace BuildxPS.Engine.Sessions.Files.Packets;

/// <summary>
/// Reads a stream of <c>BytesMessage</c> (field 1: data). Bytes are passed on as they arrive and not when their message is
/// whole: a message may be larger than the window that the engine may send without being answered.
/// </summary>
internal static class BytesMessages
{
    private const byte DataTag = (1 << 3) | 2;

    /// <summary>Copies the data of all messages until the engine half-closes.</summary>
    /// <param name="input">The messages.</param>
    /// <param name="output">Takes the data.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static async Task CopyAsync(PipeReader input, Stream output, CancellationToken cancellationToken)
    {
        var left = 0L;
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = result.Buffer;
            while (left > 0 ? !buffer.IsEmpty : TryReadHead(ref buffer, result.IsCompleted, out left))
            {
                var piece = buffer.Slice(0, Math.Min(left, buffer.Length));
                await WriteAsync(output, piece, cancellationToken).ConfigureAwait(false);

                left -= piece.Length;
                buffer = buffer.Slice(piece.End);
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                if (left > 0 || !buffer.IsEmpty)
                {
                    throw WireReader.Violation("the stream ends in the middle of a message");
                }

                return;
            }
        }
    }

    private static async ValueTask WriteAsync(Stream output, ReadOnlySequence<byte> piece, CancellationToken cancellationToken)
    {
        // One call to the system for what came, not one for each of the pipe's small segments.
        var length = (int)piece.Length;
        var whole = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            piece.CopyTo(whole);
            await output.WriteAsync(whole.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    /// <summary>Reads a message's frame and the head of its one field.</summary>
    /// <returns>Whether they were there; then <paramref name="left"/> bytes of data follow, and the message ends with them.</returns>
    private static bool TryReadHead(ref ReadOnlySequence<byte> buffer, bool isCompleted, out long left)
    {
        left = 0;
        if (buffer.Length < GrpcMessage.HeaderLength)
        {
            return false;
        }

        var length = PacketBuffer.CheckHeader(buffer, GrpcMessage.MaxLength);
        if (length == 0)
        {
            buffer = buffer.Slice(GrpcMessage.HeaderLength);
            return true;
        }

        // A tag and a length of at most five bytes.
        var head = buffer.Slice(GrpcMessage.HeaderLength, Math.Min(Math.Min(length, 6), buffer.Length - GrpcMessage.HeaderLength));
        if (head.Length < Math.Min(length, 6) && !isCompleted)
        {
            return false;
        }

        var reader = new SequenceReader<byte>(head);
        if (!reader.TryRead(out var tag) || tag != DataTag || !TryReadLength(ref reader, out left) || reader.Consumed + left != length)
        {
            throw WireReader.Violation("a message does not hold just data");
        }

        buffer = buffer.Slice(GrpcMessage.HeaderLength + reader.Consumed);
        return true;
    }

    private static bool TryReadLength(ref SequenceReader<byte> reader, out long length)
    {
        length = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if (!reader.TryRead(out var next))
            {
                return false;
            }

            length |= (long)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
