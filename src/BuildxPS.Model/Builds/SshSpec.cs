namespace BuildxPS;

/// <summary>One SSH agent that a build may use, or keys offered as one: docker's <c>--ssh</c>.</summary>
public sealed record SshSpec
{
    /// <summary>The id of a mount that names none: <c>RUN --mount=type=ssh</c>.</summary>
    public const string DefaultId = "default";

    private const string Forms = "Write it as text ('default' for your agent, 'ID=SOCKET', or 'ID=KEYFILE,KEYFILE'), or as a hashtable (@{ Id = 'github'; Path = '~/.ssh/id_ed25519' }).";

    /// <summary>The name by which a Dockerfile mounts it: <c>RUN --mount=type=ssh,id=ID</c>.</summary>
    public string Id { get; init; } = DefaultId;

    /// <summary>An agent's socket, or private key files; empty means the agent of <c>SSH_AUTH_SOCK</c>.</summary>
    public IReadOnlyList<string> Paths { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>Reads docker's text form: <c>ID</c>, or <c>ID=PATH</c> with paths that commas separate.</summary>
    /// <param name="text">For example <c>default</c> or <c>github=/home/me/.ssh/id_ed25519</c>.</param>
    /// <returns>The agent.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SshInvalid"/>.</exception>
    public static SshSpec Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw Invalid("An SSH agent is empty");
        }

        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? From(text, []) : From(text[..equals], text[(equals + 1)..].Split(','));
    }

    /// <summary>Makes an agent of its parts.</summary>
    /// <param name="id">Its id; empty means <see cref="DefaultId"/>.</param>
    /// <param name="paths">Its socket or keys; none, or one that is empty, means the agent of <c>SSH_AUTH_SOCK</c>.</param>
    /// <returns>The agent.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.SshInvalid"/>.</exception>
    public static SshSpec From(string? id, IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        if (paths is [""])
        {
            paths = [];
        }

        return paths.Any(string.IsNullOrWhiteSpace)
            ? throw Invalid($"One of the paths of the SSH agent '{DisplayText.Line(id ?? "")}' is empty")
            : new SshSpec { Id = string.IsNullOrEmpty(id) ? DefaultId : id, Paths = paths };
    }

    /// <inheritdoc/>
    public override string ToString() => Paths.Count == 0 ? Id : $"{Id}={string.Join(',', Paths)}";

    /// <summary>The failure for what is not an SSH agent.</summary>
    /// <param name="problem">What is wrong with it.</param>
    /// <returns>The failure, with the forms that an SSH agent may have.</returns>
    internal static BuildxException Invalid(string problem) => new(BuildxFailure.SshInvalid, problem + ".", Forms);
}
