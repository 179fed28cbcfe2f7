using System.Buffers;
using System.Buffers.Binary;

namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>Reads messages of the SSH agent protocol from a stream.</summary>
internal sealed class AgentMessageReader(Stream stream) : IDisposable
{
    private readonly byte[] _header = new byte[AgentMessage.HeaderLength];
    private byte[]? _rented;

    /// <summary>Reads the next message.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The message without its length, valid until the next one is read; null at the stream's end.</returns>
    /// <exception cref="InvalidDataException">What came is no message.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        Release();
        var read = await stream.ReadAtLeastAsync(_header, _header.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            return null;
        }

        var length = read < _header.Length ? 0 : BinaryPrimitives.ReadUInt32BigEndian(_header);
        if (length is 0 or > AgentMessage.MaxLength)
        {
            throw new InvalidDataException("what came is no message of an SSH agent");
        }

        _rented = ArrayPool<byte>.Shared.Rent((int)length);
        var message = _rented.AsMemory(0, (int)length);
        return await stream.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) == message.Length
            ? message
            : throw new InvalidDataException("a message of an SSH agent ends in its middle");
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    private void Release()
    {
        if (_rented is { } rented)
        {
            _rented = null;
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
