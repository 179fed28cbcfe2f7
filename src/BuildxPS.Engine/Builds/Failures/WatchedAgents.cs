using System.Buffers.Binary;
using System.Collections.Concurrent;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Ssh;

namespace BuildxPS.Engine.Builds.Failures;

/// <summary>SSH agents, and what went wrong with them: a step that cannot use its agent fails with words of its own.</summary>
internal sealed class WatchedAgents(ISshAgentSource inner) : ISshAgentSource
{
    private const int MaxMissing = 100;

    private readonly ConcurrentDictionary<string, bool> _missing = new(StringComparer.Ordinal);
    private string? _problem;

    /// <summary>What kept a step from using an agent, in a sentence; null if nothing did.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    /// <inheritdoc/>
    public bool Has(string id)
    {
        var isThere = inner.Has(id);
        if (!isThere && _missing.Count < MaxMissing)
        {
            _missing[id] = true;
        }

        return isThere;
    }

    /// <inheritdoc/>
    public async ValueTask<ISshAgent?> ConnectAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await inner.ConnectAsync(id, cancellationToken).ConfigureAwait(false) is { } agent ? new Agent(agent, id, this) : null;
        }
        catch (BuildxException e) when (Note(e.Message))
        {
            throw;
        }
    }

    /// <summary>Says which agent a failed build needed.</summary>
    /// <param name="error">The engine's error.</param>
    /// <returns>What it is, a sentence, and what to do; null where it failed of something else.</returns>
    public (BuildxFailure Failure, string Sentence, string Advice)? Explain(string error)
    {
        if (_missing.Keys.FirstOrDefault(i => error.Contains(CheckAgentMethod.Unset(i).Message, StringComparison.Ordinal)) is not { } id)
        {
            return null;
        }

        var shown = DisplayText.Line(id);
        return (
            BuildxFailure.SshRequired,
            $"The build needs the SSH agent '{shown}', which was not given",
            $"Give it with -Ssh: {shown} for the agent of SSH_AUTH_SOCK, '{shown}=SOCKET' for another, or '{shown}=KEYFILE' for a key.");
    }

    /// <returns>Always false, for use as an exception filter that catches nothing.</returns>
    private bool Note(string problem)
    {
        Interlocked.CompareExchange(ref _problem, problem, null);
        return false;
    }

    private sealed class Agent(ISshAgent inner, string id, WatchedAgents agents) : ISshAgent
    {
        public async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
        {
            try
            {
                var answer = await inner.AnswerAsync(request, cancellationToken).ConfigureAwait(false);
                if (HasNoKeys(answer.Span))
                {
                    agents.Note($"The SSH agent '{DisplayText.Line(id)}' has no keys ('ssh-add' adds them).");
                }

                return answer;
            }
            catch (BuildxException e) when (agents.Note(e.Message))
            {
                throw;
            }
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private static bool HasNoKeys(ReadOnlySpan<byte> answer)
            => answer is [AgentMessage.IdentitiesAnswer, ..] && BinaryPrimitives.TryReadInt32BigEndian(answer[1..], out var count) && count == 0;
    }
}
