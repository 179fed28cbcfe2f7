using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Protocol.Content;
using Google.Protobuf;
using Grpc.Core;

namespace BuildxPS.Engine.Sessions.Content;

/// <summary>Gives the engine a range of a blob: from the disk straight into the pipe.</summary>
/// <param name="stores">The stores.</param>
internal sealed class ReadMethod(ContentStores stores) : ISessionMethod
{
    /// <summary>Bytes in one message. Old engines take messages of 4 MiB.</summary>
    private const int PieceLength = 128 * 1024;

    private const byte OffsetTag = 1 << 3;
    private const byte DataTag = (2 << 3) | 2;

    /// <inheritdoc/>
    public string Path => ContentMethods.Service + "Read";

    /// <inheritdoc/>
    public Task InvokeAsync(ISessionCall call) => stores.RunAsync(call, async store =>
    {
        var request = await ContentMessages.ReadAsync(call, ReadContentRequest.Parser).ConfigureAwait(false);
        var digest = ContentStores.Digest(request.Digest);
        var size = store.Find(digest)?.Size ?? throw new ContentException(ContentFault.NotFound, $"content {digest}: not found");
        var begin = Math.Max(0, request.Offset);
        if (begin > size)
        {
            throw new SessionStatusException(StatusCode.OutOfRange, $"read past object length {size} bytes");
        }

        var length = request.Size <= 0 ? size - begin : Math.Min(request.Size, size - begin);
        if (length == 0)
        {
            await store.ReadAsync(digest, begin, Memory<byte>.Empty, call.Aborted).ConfigureAwait(false);
        }

        for (var sent = 0L; sent < length;)
        {
            var piece = (int)Math.Min(PieceLength, length - sent);
            await SendAsync(store, digest, begin + sent, sent, piece, call).ConfigureAwait(false);
            sent += piece;
        }
    });

    private static async Task SendAsync(IContentStore store, ContentDigest digest, long from, long sent, int piece, ISessionCall call)
    {
        // As containerd does, the offset is that in the answer, not in the blob.
        var head = (sent == 0 ? 0 : 1 + CodedOutputStream.ComputeInt64Size(sent)) + 1 + CodedOutputStream.ComputeLengthSize(piece);
        var whole = GrpcMessage.HeaderLength + head + piece;
        var buffer = call.Response.GetMemory(whole);
        WriteHead(buffer.Span, head, sent, piece);
        await store.ReadAsync(digest, from, buffer[(whole - piece)..whole], call.Aborted).ConfigureAwait(false);
        call.Response.Advance(whole);
        await call.Response.FlushAsync(call.Aborted).ConfigureAwait(false);
    }

    private static void WriteHead(Span<byte> buffer, int head, long sent, int piece)
    {
        GrpcMessage.WriteHeader(buffer, head + piece);
        var at = GrpcMessage.HeaderLength;
        if (sent != 0)
        {
            buffer[at++] = OffsetTag;
            at = WriteNumber(buffer, at, (ulong)sent);
        }

        buffer[at++] = DataTag;
        _ = WriteNumber(buffer, at, (ulong)piece);
    }

    private static int WriteNumber(Span<byte> buffer, int at, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            buffer[at++] = (byte)(value | 0x80);
        }

        buffer[at++] = (byte)value;
        return at;
    }
}
