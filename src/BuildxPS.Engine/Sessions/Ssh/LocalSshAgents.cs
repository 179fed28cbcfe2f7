using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Sessions.Ssh.Keys;

namespace BuildxPS.Engine.Sessions.Ssh;

/// <summary>SSH agents of this client: those that listen on sockets, and keys that are offered as one.</summary>
internal sealed class LocalSshAgents : ISshAgentSource, IDisposable
{
    private const string Variable = "SSH_AUTH_SOCK";

    /// <summary>As buildx: an agent listens on this machine, or it does not.</summary>
    private static readonly TimeSpan s_connecting = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Agent> _agents = new(StringComparer.Ordinal);
    private readonly IAgentSockets _sockets;

    private LocalSshAgents(IAgentSockets sockets) => _sockets = sockets;

    /// <summary>Finds agents and reads keys; no agent is contacted.</summary>
    /// <param name="specs">The agents.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>The agents; disposing forgets the keys.</returns>
    /// <exception cref="BuildxException">One is given twice, is not known or not there, or a key cannot be used.</exception>
    public static LocalSshAgents Open(IReadOnlyList<SshSpec> specs, ClientEnvironment environment)
        => Open(specs, environment, IAgentSockets.For(environment.IsWindows));

    /// <summary>Finds agents where another platform has them.</summary>
    internal static LocalSshAgents Open(IReadOnlyList<SshSpec> specs, ClientEnvironment environment, IAgentSockets sockets)
    {
        var agents = new LocalSshAgents(sockets);
        try
        {
            foreach (var spec in specs)
            {
                agents.Add(spec, environment);
            }

            return agents;
        }
        catch
        {
            agents.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool Has(string id) => _agents.ContainsKey(id);

    /// <inheritdoc/>
    public async ValueTask<ISshAgent?> ConnectAsync(string id, CancellationToken cancellationToken)
    {
        if (!_agents.TryGetValue(id, out var agent))
        {
            return null;
        }

        if (agent.Socket is not { } socket)
        {
            return new KeyAgent(agent.Keys);
        }

        var name = $"SSH agent '{DisplayText.Line(id)}' at '{socket}'{agent.Origin}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_connecting);
        try
        {
            return new SocketAgent(await _sockets.ConnectAsync(socket, limit.Token).ConfigureAwait(false), name);
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var reason = e is IOException ? e.Message : "it did not take the connection in time";
            throw new BuildxException(BuildxFailure.SshAgentUnavailable, $"The {name} does not answer: {reason}.", _sockets.Advice, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var key in _agents.Values.SelectMany(a => a.Keys))
        {
            key.Dispose();
        }
    }

    private void Add(SshSpec spec, ClientEnvironment environment)
    {
        var id = spec.Id;
        if (_agents.ContainsKey(id))
        {
            throw Invalid($"The SSH agent '{DisplayText.Line(id)}' is given twice");
        }

        if (spec.Paths.Count > 0)
        {
            var agent = _agents[id] = new Agent();
            foreach (var path in spec.Paths)
            {
                AddPath(agent, id, path);
            }

            return;
        }

        var (known, origin) = environment[Variable] is { } socket ? (socket, $" (from {Variable})") : (_sockets.Fallback, "");
        AddPath(_agents[id] = new Agent { Origin = origin }, id, known ?? throw new BuildxException(
            BuildxFailure.SshAgentUnavailable,
            $"There is no SSH agent to forward as '{DisplayText.Line(id)}': {Variable} is not set.",
            _sockets.Advice));
    }

    private void AddPath(Agent agent, string id, string path)
    {
        if (agent.Socket is not null)
        {
            throw Invalid($"The SSH agent '{DisplayText.Line(id)}' has a socket and something else; it is one socket, or key files");
        }

        if (!IsSocket(path, id, agent.Origin))
        {
            AddKey(agent, PrivateKeyFile.Read(path, id));
        }
        else if (agent.Keys.Count > 0)
        {
            throw Invalid($"The SSH agent '{DisplayText.Line(id)}' has keys and a socket; it is one socket, or key files");
        }
        else
        {
            agent.Socket = path;
        }
    }

    private static void AddKey(Agent agent, SshKey key)
    {
        if (agent.Keys.Any(k => k.PublicKey.Span.SequenceEqual(key.PublicKey.Span)))
        {
            key.Dispose();
            return;
        }

        agent.Keys.Add(key);
    }

    private bool IsSocket(string path, string id, string origin)
    {
        try
        {
            return _sockets.IsSocket(path)
                || (Path.Exists(path) ? false : throw new FileNotFoundException("there is neither an agent's socket nor a key file"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BuildxException(
                BuildxFailure.SshAgentUnavailable,
                $"There is no SSH agent to forward as '{DisplayText.Line(id)}' at '{path}'{origin}: {e.Message.TrimEnd('.')}.",
                _sockets.Advice,
                e);
        }
    }

    private static BuildxException Invalid(string problem) => new(
        BuildxFailure.SshInvalid, problem + ".", "Give each agent once: -Ssh default, 'ID=SOCKET' or 'ID=KEYFILE,KEYFILE'.");

    private sealed class Agent
    {
        public string Origin { get; init; } = "";

        public string? Socket { get; set; }

        public List<SshKey> Keys { get; } = [];
    }
}
