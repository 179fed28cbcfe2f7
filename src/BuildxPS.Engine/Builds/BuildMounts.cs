using BuildxPS.Engine.Builds.Failures;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Sessions.Secrets;
using BuildxPS.Engine.Sessions.Ssh;

namespace BuildxPS.Engine.Builds;

/// <summary>What the steps of a build may mount of this client: its secrets and its SSH agents.</summary>
internal sealed class BuildMounts : IDisposable
{
    private readonly LocalSshAgents _agents;

    private BuildMounts(LocalSecretSource secrets, LocalSshAgents agents)
    {
        _agents = agents;
        Secrets = new WatchedSecrets(secrets);
        Agents = new WatchedAgents(agents);
        Warnings = secrets.Warnings;
    }

    /// <summary>The secrets.</summary>
    public WatchedSecrets Secrets { get; }

    /// <summary>The SSH agents.</summary>
    public WatchedAgents Agents { get; }

    /// <summary>What the user should know before the build.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Looks at what a request names. Nothing is contacted.</summary>
    /// <param name="request">The request, checked.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The mounts; disposing forgets the keys.</returns>
    /// <exception cref="BuildxException">One is not there or cannot be used.</exception>
    public static BuildMounts Open(BuildRequest request, ClientEnvironment environment)
        => new(LocalSecretSource.Open(request.Secrets, environment), LocalSshAgents.Open(request.Ssh, environment));

    /// <summary>Says what a failed build lacked.</summary>
    /// <param name="error">The engine's error.</param>
    /// <returns>What it is, a sentence, and what to do; null where it failed of something else.</returns>
    public (BuildxFailure Failure, string Sentence, string Advice)? Explain(string error) => Secrets.Explain(error) ?? Agents.Explain(error);

    /// <inheritdoc/>
    public void Dispose() => _agents.Dispose();
}
