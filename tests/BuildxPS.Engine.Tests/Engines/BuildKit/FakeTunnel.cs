using System.IO.Pipelines;
using BuildxPS.Engine.Sessions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>A client's call of Control.Session, from the engine's side, as a stream of bytes.</summary>
internal sealed class FakeTunnel(ISessionCall call) : Stream
{
    private readonly PipeReader _request = call.Request;
    private readonly PipeWriter _response = call.Response;
    private ReadOnlyMemory<byte> _unread;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_unread.IsEmpty)
        {
            var result = await _request.ReadAsync(cancellationToken);
            var read = result.Buffer;
            if (GrpcMessage.TryRead(ref read, out var message))
            {
                // Its bytes are those of the protocol's BytesMessage.
                _unread = BytesValue.Parser.ParseFrom(message).Value.Memory;
                _request.AdvanceTo(read.Start);
                continue;
            }

            _request.AdvanceTo(read.Start, read.End);
            if (result.IsCompleted)
            {
                return 0;
            }
        }

        var count = Math.Min(buffer.Length, _unread.Length);
        _unread[..count].CopyTo(buffer);
        _unread = _unread[count..];
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var message = new BytesValue { Value = UnsafeByteOperations.UnsafeWrap(buffer) }.ToByteArray();
        var framed = new byte[GrpcMessage.HeaderLength + message.Length];
        GrpcMessage.WriteHeader(framed, message.Length);
        message.CopyTo(framed, GrpcMessage.HeaderLength);
        await _response.WriteAsync(framed, cancellationToken);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
