namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>Numbers of the SSH agent protocol (draft-ietf-sshm-ssh-agent, section 6).</summary>
internal static class AgentMessage
{
    /// <summary>Longest message, as in OpenSSH.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>Length that stands before each message.</summary>
    public const int HeaderLength = 4;

    /// <summary>The request was not answered, whatever the reason.</summary>
    public const byte Failure = 5;

    /// <summary>Asks which keys there are.</summary>
    public const byte RequestIdentities = 11;

    /// <summary>Lists keys.</summary>
    public const byte IdentitiesAnswer = 12;

    /// <summary>Asks for a signature.</summary>
    public const byte SignRequest = 13;

    /// <summary>Gives a signature.</summary>
    public const byte SignResponse = 14;

    /// <summary>The answer to what is not answered.</summary>
    public static ReadOnlyMemory<byte> Refusal { get; } = new byte[] { Failure };

    /// <summary>Whether a build may ask this of an agent: to list keys and to sign, and nothing that changes the agent.</summary>
    /// <param name="request">The request.</param>
    /// <returns>Whether it may.</returns>
    public static bool IsAllowed(ReadOnlySpan<byte> request) => request[0] is RequestIdentities or SignRequest;
}
