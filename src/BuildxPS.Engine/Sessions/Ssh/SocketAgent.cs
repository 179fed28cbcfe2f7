using System.Buffers;
using System.Buffers.Binary;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>A connection to an SSH agent that listens somewhere on this machine.</summary>
internal sealed class SocketAgent : ISshAgent
{
    private readonly Stream _connection;
    private readonly string _name;
    private readonly AgentMessageReader _answers;

    /// <summary>Speaks to an agent.</summary>
    /// <param name="connection">The connection; disposed with this.</param>
    /// <param name="name">What to call the agent in messages.</param>
    public SocketAgent(Stream connection, string name)
    {
        _connection = connection;
        _name = name;
        _answers = new AgentMessageReader(connection);
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(request, cancellationToken).ConfigureAwait(false);
            return await _answers.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new InvalidDataException("it closed the connection");
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new BuildxException(
                BuildxFailure.SshAgentUnavailable,
                $"The {_name} did not answer: {e.Message}.",
                "See whether the agent still runs (ssh-add -l), and build again.",
                e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _answers.Dispose();
        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        var length = AgentMessage.HeaderLength + request.Length;
        var framed = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            BinaryPrimitives.WriteInt32BigEndian(framed, request.Length);
            request.CopyTo(framed.AsMemory(AgentMessage.HeaderLength));
            await _connection.WriteAsync(framed.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(framed);
        }
    }
}
