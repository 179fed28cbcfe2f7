using System.Buffers;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Engines.BuildKit;

/// <summary>One message of a session tunnel (<c>BytesMessage { data = 1 }</c>), read and written without a message object's copies.</summary>
internal sealed class TunnelChunk : IDisposable
{
    private const byte DataTag = (1 << 3) | 2;
    private byte[]? _rented;

    private TunnelChunk(ReadOnlyMemory<byte> data, byte[]? rented)
    {
        Data = data;
        _rented = rented;
    }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Wraps bytes to send; they are copied when the chunk is written.</summary>
    /// <param name="data">The bytes.</param>
    /// <returns>The chunk.</returns>
    public static TunnelChunk ForWriting(ReadOnlyMemory<byte> data) => new(data, null);

    /// <summary>Writes the message.</summary>
    /// <param name="context">Where to.</param>
    public void Serialize(SerializationContext context)
    {
        var headerLength = 1 + CodedOutputStream.ComputeLengthSize(Data.Length);
        context.SetPayloadLength(headerLength + Data.Length);
        var writer = context.GetBufferWriter();
        var header = writer.GetSpan(headerLength);
        header[0] = DataTag;
        var rest = (uint)Data.Length;
        for (var i = 1; i < headerLength; i++)
        {
            header[i] = (byte)(rest > 0x7F ? rest | 0x80 : rest);
            rest >>= 7;
        }

        writer.Advance(headerLength);
        writer.Write(Data.Span);
        context.Complete();
    }

    /// <summary>Reads a message into a pooled buffer.</summary>
    /// <param name="context">Where from.</param>
    /// <returns>The chunk; dispose it when its bytes are used.</returns>
    public static TunnelChunk Parse(DeserializationContext context)
    {
        var payload = context.PayloadAsReadOnlySequence();
        var data = ReadOnlySequence<byte>.Empty;
        var reader = new SequenceReader<byte>(payload);
        while (WireFormat.TryReadField(ref reader, out var tag, out var bytes))
        {
            data = tag == DataTag ? bytes : data;
        }

        if (!reader.End)
        {
            throw new InvalidDataException("The engine sent a session message that is not valid.");
        }

        var rented = ArrayPool<byte>.Shared.Rent((int)Math.Max(1, data.Length));
        data.CopyTo(rented);
        return new TunnelChunk(rented.AsMemory(0, (int)data.Length), rented);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _rented, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
