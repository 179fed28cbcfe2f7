using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace BuildxPS.Engine.Sessions;

/// <summary>
/// gRPC's framing of messages (gRPC over HTTP/2, "Length-Prefixed-Message"), by hand: file data goes straight from the
/// disk into the pipe, without a message object in between.
/// </summary>
internal static class GrpcMessage
{
    /// <summary>Bytes before each message: a flag that is never set (no compression) and a length.</summary>
    public const int HeaderLength = 5;

    /// <summary>Engines send at most 3 MiB a message by rule and 16 MiB by limit; more is refused.</summary>
    public const int MaxLength = 16 * 1024 * 1024;

    /// <summary>Most bytes that <see cref="WriteDataHeader"/> writes.</summary>
    public const int MaxDataHeaderLength = HeaderLength + 1 + 5;

    /// <summary>The field <c>bytes data = 1</c>.</summary>
    private const byte DataTag = (1 << 3) | 2;

    /// <summary>Writes the header of a message of a known length.</summary>
    /// <param name="destination">At least <see cref="HeaderLength"/> bytes.</param>
    /// <param name="length">The message's length in bytes.</param>
    public static void WriteHeader(Span<byte> destination, int length)
    {
        destination[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(destination[1..], (uint)length);
    }

    /// <summary>Writes what stands before the data of a message that has one field, <c>bytes data = 1</c>.</summary>
    /// <param name="destination">At least <see cref="MaxDataHeaderLength"/> bytes.</param>
    /// <param name="dataLength">The data's length in bytes; without any the field is left out, as protobuf does.</param>
    /// <returns>How many bytes were written.</returns>
    public static int WriteDataHeader(Span<byte> destination, int dataLength)
    {
        var length = HeaderLength;
        if (dataLength > 0)
        {
            destination[length++] = DataTag;
            var rest = (uint)dataLength;
            for (; rest > 0x7F; rest >>= 7)
            {
                destination[length++] = (byte)(rest | 0x80);
            }

            destination[length++] = (byte)rest;
        }

        WriteHeader(destination, length - HeaderLength + dataLength);
        return length;
    }

    /// <summary>Takes one whole message from a buffer, if there is one.</summary>
    /// <param name="buffer">What was read; moved behind the message.</param>
    /// <param name="message">The message, valid until the reader advances.</param>
    /// <returns>Whether a whole message was there.</returns>
    /// <exception cref="SessionStatusException">The message is compressed or too long.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message)
    {
        message = default;
        if (buffer.Length < HeaderLength)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[HeaderLength];
        buffer.Slice(0, HeaderLength).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (header[0] != 0)
        {
            throw new SessionStatusException(Grpc.Core.StatusCode.Unimplemented, "compressed messages are not supported");
        }

        if (length > MaxLength)
        {
            throw new SessionStatusException(Grpc.Core.StatusCode.ResourceExhausted, $"message of {length} bytes is larger than {MaxLength}");
        }

        if (buffer.Length < HeaderLength + length)
        {
            return false;
        }

        message = buffer.Slice(HeaderLength, length);
        buffer = buffer.Slice(HeaderLength + length);
        return true;
    }

    /// <summary>Reads the one message of a unary call.</summary>
    /// <param name="reader">The request.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The message's bytes; empty if none was sent.</returns>
    public static async Task<byte[]> ReadSingleAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (TryRead(ref buffer, out var message))
            {
                var bytes = message.ToArray();
                reader.AdvanceTo(buffer.Start);
                return bytes;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return [];
            }
        }
    }
}
