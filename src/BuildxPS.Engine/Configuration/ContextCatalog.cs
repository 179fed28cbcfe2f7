using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Configuration;

/// <summary>Docker's contexts as this client sees them, and which of them is meant. Everything here is local.</summary>
/// <param name="environment">Where this client runs.</param>
public sealed class ContextCatalog(ClientEnvironment environment)
{
    private const string DefaultName = "default";

    private readonly ContextStore _store = new(DockerConfiguration.FolderOf(environment));

    /// <summary>All contexts: <c>default</c> and the stored ones, by name.</summary>
    /// <returns>The contexts; one that cannot be read carries the reason.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>.</exception>
    public IReadOnlyList<DockerContext> List()
    {
        var current = CurrentName();
        return
        [
            .. ListResolved(new BuilderSelection()).Select(context => new DockerContext
            {
                Name = context.Name,
                Description = context.Description,
                Endpoint = context.Endpoint?.Address ?? "",
                IsCurrent = context.Name == current,
                Error = context.Failure?.Message,
            }),
        ];
    }

    internal string CurrentName() => Choose(new BuilderSelection()).Name;

    /// <summary>What a choice of a builder is remembered under: the current context's name, or the address of the context <c>default</c>.</summary>
    internal string CurrentKey() => CurrentName() is var name && name == DefaultName ? Default(null).Endpoint!.Address : name;

    /// <summary>Whether the current engine is one of the environment's, reached with the environment's certificates.</summary>
    internal bool HasEnvironmentTls => UsesTls && CurrentName() == DefaultName;

    internal IReadOnlyList<ResolvedContext> ListResolved(BuilderSelection selection)
    {
        var contexts = _store.List().Select(stored => Resolve(stored, $"context '{stored.Name}'")).Append(Default(selection.DockerHost)).ToList();
        contexts.Sort((x, y) => string.CompareOrdinal(x.Name, y.Name));
        return contexts;
    }

    /// <summary>Finds the context that a selection means, in docker's own order.</summary>
    internal ResolvedContext Resolve(BuilderSelection selection)
    {
        var (name, reason) = Choose(selection);
        return name == DefaultName
            ? Default(selection.DockerHost)
            : Find(name, $"context '{name}'{reason}") ?? throw NotFound(name, reason);
    }

    /// <summary>Finds a context by name; null where there is none.</summary>
    internal ResolvedContext? Find(string name, BuilderSelection selection)
        => name == DefaultName ? Default(selection.DockerHost) : Find(name, $"context '{name}'");

    private ResolvedContext? Find(string name, string origin)
        => _store.Find(name) is { } stored ? Resolve(stored, origin) : null;

    private static ResolvedContext Resolve(StoredContext stored, string origin) => new()
    {
        Name = stored.Name,
        Description = stored.Description,
        Failure = stored.Failure,
        Endpoint = stored.Failure is null ? new EngineEndpoint { Address = stored.Host, Tls = stored.Tls, Origin = origin } : null,
    };

    private (string Name, string Reason) Choose(BuilderSelection selection)
    {
        if (selection.Context is { } context)
        {
            return selection.DockerHost is null ? (context, ", chosen by -Context") : throw new BuildxException(
                BuildxFailure.SelectionConflict,
                $"-Context '{DisplayText.Line(context)}' and -DockerHost '{DisplayText.Line(selection.DockerHost)}' both name an engine.",
                "Give one of them.");
        }

        if (selection.DockerHost is not null || environment["DOCKER_HOST"] is not null)
        {
            return (DefaultName, "");
        }

        if (environment["DOCKER_CONTEXT"] is { } variable)
        {
            return (variable, ", chosen by DOCKER_CONTEXT");
        }

        var configuration = DockerConfiguration.Read(environment);
        return configuration.CurrentContext is { } current ? (current, $", current in {configuration.File}") : (DefaultName, "");
    }

    private ResolvedContext Default(string? dockerHost)
    {
        var (address, origin) = (dockerHost, environment["DOCKER_HOST"]) switch
        {
            ({ } given, _) => (given, "from -DockerHost"),
            (_, { } variable) => (variable, "from DOCKER_HOST"),
            _ => (DefaultAddress(), "the default, as neither -DockerHost, DOCKER_HOST nor a docker context names another"),
        };
        return new ResolvedContext
        {
            Name = DefaultName,
            Description = "The engine that the environment or the platform's default names",
            Endpoint = new EngineEndpoint { Address = address, Tls = EnvironmentTls(), Origin = origin },
        };
    }

    // docker asks only whether these are set: even DOCKER_TLS_VERIFY=0 means TLS with verification.
    private bool Verifies => environment["DOCKER_TLS_VERIFY"] is not null;

    private bool UsesTls => Verifies || environment["DOCKER_TLS"] is not null;

    private string DefaultAddress() => (UsesTls, environment.IsWindows) switch
    {
        (true, true) => "tcp://127.0.0.1:2376",
        (true, false) => "tcp://localhost:2376",
        (false, true) => "npipe:////./pipe/docker_engine",
        (false, false) => "unix:///var/run/docker.sock",
    };

    private TlsMaterial? EnvironmentTls()
    {
        if (!UsesTls)
        {
            return null;
        }

        var folder = environment["DOCKER_CERT_PATH"] ?? DockerConfiguration.FolderOf(environment);
        var certificate = Path.Combine(folder, "cert.pem");
        var key = Path.Combine(folder, "key.pem");
        var hasCertificate = File.Exists(certificate) || File.Exists(key);
        return new TlsMaterial
        {
            AuthorityFile = Path.Combine(folder, "ca.pem"),
            CertificateFile = hasCertificate ? certificate : null,
            KeyFile = hasCertificate ? key : null,
            SkipVerification = !Verifies,
        };
    }

    private BuildxException NotFound(string name, string reason) => new(
        BuildxFailure.ContextNotFound,
        $"There is no docker context '{DisplayText.Line(name)}'{reason}. There is: {Names()}.",
        "Give one of these names to -Context, or an engine's address to -DockerHost.");

    private string Names()
    {
        const int Shown = 20;
        var names = _store.List().Where(c => c.Failure is null).Select(c => c.Name).Prepend(DefaultName).ToList();
        return string.Join(", ", names.Take(Shown)) + (names.Count > Shown ? $" and {names.Count - Shown} more" : "");
    }
}
