using System.Security.Cryptography;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Ssh.Keys;

namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>An SSH agent of this process, which offers keys read from files: it lists them and signs with them.</summary>
/// <param name="keys">The keys, which connections share; they are not disposed here.</param>
internal sealed class KeyAgent(IReadOnlyList<SshKey> keys) : ISshAgent
{
    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
        => ValueTask.FromResult(request.Span[0] switch
        {
            AgentMessage.RequestIdentities => List(),
            AgentMessage.SignRequest => Sign(request.Span[1..]),
            _ => AgentMessage.Refusal,
        });

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ReadOnlyMemory<byte> List()
    {
        var answer = new SshWriter();
        answer.WriteByte(AgentMessage.IdentitiesAnswer);
        answer.WriteNumber((uint)keys.Count);
        foreach (var key in keys)
        {
            // Without a comment, as buildx: it may tell who and where the user is.
            answer.WriteString(key.PublicKey.Span);
            answer.WriteString("");
        }

        return answer.Written;
    }

    private ReadOnlyMemory<byte> Sign(ReadOnlySpan<byte> request)
    {
        var reader = new SshReader(request);
        if (!reader.TryReadString(out var publicKey) || !reader.TryReadString(out var data) || !reader.TryReadNumber(out var flags))
        {
            return AgentMessage.Refusal;
        }

        foreach (var key in keys)
        {
            if (key.PublicKey.Span.SequenceEqual(publicKey))
            {
                return Sign(key, data, (SshSignatureFlags)flags);
            }
        }

        return AgentMessage.Refusal;
    }

    private static ReadOnlyMemory<byte> Sign(SshKey key, ReadOnlySpan<byte> data, SshSignatureFlags flags)
    {
        try
        {
            if (key.Sign(data, flags) is not { } signature)
            {
                return AgentMessage.Refusal;
            }

            var answer = new SshWriter();
            answer.WriteByte(AgentMessage.SignResponse);
            answer.WriteString(signature);
            return answer.Written;
        }
        catch (CryptographicException)
        {
            // The system's policy may forbid an algorithm: SHA-1, say.
            return AgentMessage.Refusal;
        }
    }
}
