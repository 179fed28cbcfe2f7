namespace BuildxPS.Engine.Engines;

/// <summary>The SSH agents that steps of a build may use.</summary>
public interface ISshAgentSource
{
    /// <summary>Whether there is an agent of an id.</summary>
    /// <param name="id">The id, as the step's mount names it.</param>
    /// <returns>Whether there is.</returns>
    bool Has(string id);

    /// <summary>Connects to an agent.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection; null where there is no agent of that id.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SshAgentUnavailable"/>.</exception>
    ValueTask<ISshAgent?> ConnectAsync(string id, CancellationToken cancellationToken);
}

/// <summary>One connection to an SSH agent. One request at a time.</summary>
public interface ISshAgent : IAsyncDisposable
{
    /// <summary>Answers a request.</summary>
    /// <param name="request">A message of the agent protocol (draft-ietf-sshm-ssh-agent, section 3), without its length.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer, without its length; valid until the next request.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SshAgentUnavailable"/>.</exception>
    ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken);
}
