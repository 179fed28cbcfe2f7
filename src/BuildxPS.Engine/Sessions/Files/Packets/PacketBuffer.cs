using System.Buffers;
using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Packets;

/// <summary>Takes packets from what was read, within limits.</summary>
internal static class PacketBuffer
{
    /// <summary>Longest packet that is taken: gRPC's usual limit, which the reference has as well. Real ones are 32 KiB.</summary>
    public const int MaxLength = 4 * 1024 * 1024;

    /// <summary>Takes one packet, if a whole one is there.</summary>
    /// <param name="buffer">What was read; moved behind the packet.</param>
    /// <param name="packet">The packet, valid until the reader advances.</param>
    /// <returns>Whether one was there.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out Packet packet)
    {
        packet = default;
        if (buffer.Length < GrpcMessage.HeaderLength)
        {
            return false;
        }

        // Before the rest of the message arrives: what is too long is never collected.
        CheckHeader(buffer, MaxLength);
        if (!GrpcMessage.TryRead(ref buffer, out var message))
        {
            return false;
        }

        packet = Packet.Read(message);
        return true;
    }

    /// <summary>Checks a message's header.</summary>
    /// <param name="buffer">At least the header.</param>
    /// <param name="maxLength">Longest message that is taken.</param>
    /// <returns>The message's length.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ProtocolViolation"/>.</exception>
    public static int CheckHeader(ReadOnlySequence<byte> buffer, int maxLength)
    {
        Span<byte> header = stackalloc byte[GrpcMessage.HeaderLength];
        buffer.Slice(0, GrpcMessage.HeaderLength).CopyTo(header);
        if (header[0] != 0)
        {
            throw WireReader.Violation("a message is compressed, which was not offered");
        }

        var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        return length <= maxLength ? (int)length : throw WireReader.Violation($"a message of {length} bytes is larger than {maxLength}");
    }

    /// <summary>The text of an error packet, made safe to show.</summary>
    /// <param name="data">The packet's data.</param>
    /// <returns>The text.</returns>
    public static string ErrorText(ReadOnlySequence<byte> data) =>
        TreePath.Show(Encoding.UTF8.GetString(data.Slice(0, Math.Min(data.Length, 1024))));
}
