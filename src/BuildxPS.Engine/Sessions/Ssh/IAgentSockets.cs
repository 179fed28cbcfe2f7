namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>Where SSH agents listen, which every platform has in its own way.</summary>
internal interface IAgentSockets
{
    /// <summary>Chooses the platform.</summary>
    /// <param name="isWindows">Whether Windows rules hold.</param>
    /// <returns>Its agents.</returns>
    static IAgentSockets For(bool isWindows) => isWindows ? new WindowsAgentSockets() : new UnixAgentSockets();

    /// <summary>Where the platform's own agent listens; null where it has none, or it does not run.</summary>
    string? Fallback { get; }

    /// <summary>What to do where no agent is known.</summary>
    string Advice { get; }

    /// <summary>Whether an agent can listen at a path; what lies there otherwise is a file.</summary>
    /// <param name="path">The path.</param>
    /// <returns>Whether it can.</returns>
    /// <exception cref="IOException">It cannot be found out.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be found out.</exception>
    bool IsSocket(string path);

    /// <summary>Connects to an agent.</summary>
    /// <param name="path">Where it listens.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="IOException">It does not answer, and why.</exception>
    ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken);
}
