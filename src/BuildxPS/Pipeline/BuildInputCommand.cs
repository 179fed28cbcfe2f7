using System.Management.Automation;
using BuildxPS.Completion;

namespace BuildxPS.Pipeline;

/// <summary>What a build and a question about one take alike: the stage, what goes in, and the engine.</summary>
public abstract class BuildInputCommand : BuildxProgressCommand
{
    private HashSet<string> _given = [];
    private HashSet<string> _delayed = [];

    /// <summary>Creates the cmdlet. Only this module derives from it.</summary>
    private protected BuildInputCommand()
    {
    }

    /// <summary>The stage to build; without it the last one.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TargetCompleter))]
    public virtual string? Target { get; set; }

    /// <summary>Build arguments: hashtables, <c>'KEY=value'</c>, or <c>'KEY'</c> for a variable of the environment.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public object[]? BuildArg { get; set; }

    /// <summary>Platforms to build for; without it those of <c>DOCKER_DEFAULT_PLATFORM</c>, else the engine's own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[]? Platform { get; set; }

    /// <summary>More build contexts: hashtables or <c>'name=value'</c>; a folder, <c>oci-layout://</c>, <c>docker-image://</c>, or an address of git or http.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(BuildContextCompleter))]
    public object[]? BuildContext { get; set; }

    /// <summary>
    /// Secrets that steps may mount (<c>RUN --mount=type=secret,id=ID</c>): <c>'id=ID,src=FILE'</c>, <c>'id=ID,env=VARIABLE'</c>, a
    /// hashtable with Id and Source, Environment or Value, or of ids and SecureStrings or PSCredentials (their passwords), or a
    /// <see cref="SecretSpec"/>. A value touches no disk here.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(SecretCompleter))]
    public object[]? Secret { get; set; }

    /// <summary>
    /// SSH agents that steps may use (<c>RUN --mount=type=ssh,id=ID</c>), to list keys and to sign: <c>default</c> for your agent,
    /// <c>'ID=SOCKET'</c>, <c>'ID=KEYFILE,KEYFILE'</c>, a hashtable with Id and Path, or an <see cref="SshSpec"/>.
    /// </summary>
    [Parameter]
    [ArgumentCompleter(typeof(SshCompleter))]
    public object[]? Ssh { get; set; }

    /// <summary>Looks for newer base images even where the engine has one.</summary>
    [Parameter]
    public SwitchParameter Pull { get; set; }

    /// <summary>The builder to use, by name or as <c>Get-BuildxBuilder</c> gives it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string? Builder { get; set; }

    /// <summary>The docker context whose engine builds.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set; }

    /// <summary>The address of the docker engine that builds.</summary>
    [Parameter]
    [Alias("H")]
    [ValidateNotNullOrEmpty]
    public string? DockerHost { get; set; }

    /// <summary>Builds although a policy file lies beside the Dockerfile, without evaluating it.</summary>
    [Parameter]
    public SwitchParameter IgnorePolicy { get; set; }

    /// <summary>The engine that was chosen for the current input.</summary>
    private protected BuilderSelection Selection => new() { Name = Builder, Context = Context, DockerHost = DockerHost };

    /// <summary>Whether the current input is an object whose properties may be parameters.</summary>
    private protected virtual bool HasProperties => true;

    /// <summary>Reads the parameters, once for all inputs; the context is that of each input.</summary>
    /// <param name="more">Parameters of the cmdlet that inputs may have as well, with their values.</param>
    /// <returns>A request without a context.</returns>
    private protected BuildRequest ReadInputs(params (string Name, object? Value)[] more)
    {
        _given = [.. MyInvocation.BoundParameters.Keys];
        // A script block (-Tag { $_.Name }) is run for each input: until then its parameter is given and has no value.
        _delayed = [.. more.Append((nameof(Platform), Platform)).Append((nameof(BuildArg), BuildArg)).Where(p => p.Item2 is null && _given.Contains(p.Item1)).Select(p => p.Item1)];
        return ReadGiven();
    }

    /// <summary>Completes a request with what came with the current input.</summary>
    /// <param name="request">What holds for all inputs.</param>
    /// <returns>The request of this input.</returns>
    /// <exception cref="BuildxException">A value is none.</exception>
    private protected BuildRequest WithOwn(BuildRequest request) => request with
    {
        Platforms = IsOwn(nameof(Platform)) ? PlatformArguments.Read(OwnArguments.Filled(Platform)) : request.Platforms,
        BuildArguments = IsOwn(nameof(BuildArg))
            ? PairArguments.Read(OwnArguments.Filled(BuildArg), "build argument", Environment.GetEnvironmentVariable)
            : request.BuildArguments,
    };

    /// <summary>Whether a parameter's value came with the current input, and not from the command line.</summary>
    /// <param name="parameter">The parameter's name.</param>
    /// <returns>Whether it did.</returns>
    private protected bool IsOwn(string parameter)
        => _delayed.Contains(parameter) || (HasProperties && !_given.Contains(parameter) && MyInvocation.BoundParameters.ContainsKey(parameter));

    /// <summary>Whether the command line gives a parameter one value for all inputs.</summary>
    /// <param name="parameter">The parameter's name.</param>
    /// <returns>Whether it does.</returns>
    private protected bool IsGiven(string parameter) => _given.Contains(parameter) && !_delayed.Contains(parameter);

    private BuildRequest ReadGiven() => new()
    {
        ContextPath = "",
        Platforms = ForAll(Platform, () => PlatformArguments.Read(Platform ?? [])),
        Target = Target,
        BuildArguments = ForAll(BuildArg, () => PairArguments.Read(BuildArg ?? [], "build argument", Environment.GetEnvironmentVariable)),
        // The error's target would show what a hashtable has.
        Secrets = ForAll(null, () => SecretArguments.Read(Secret ?? [], v => Environment.GetEnvironmentVariable(v) is not null).Select(Resolve).ToList()),
        Ssh = ForAll(Ssh, () => SshArguments.Read(Ssh ?? []).Select(s => SshArguments.Resolve(s, p => ResolvePath(p, BuildxFailure.SshInvalid, "The socket or key"))).ToList()),
        NamedContexts = ForAll(BuildContext, () => ContextArguments.Read(BuildContext ?? []).Select(Resolve).ToList()),
        Pull = Pull,
        IgnorePolicy = IgnorePolicy,
    };

    private SecretSpec Resolve(SecretSpec secret)
        => secret.Source is { } file ? secret with { Source = ResolvePath(file, BuildxFailure.SecretInvalid, "The secret's file") } : secret;

    private BuildContextSpec Resolve(BuildContextSpec context)
        => context.Kind is BuildContextKind.Folder or BuildContextKind.Layout
            ? context with { Location = ResolvePath(context.Location, BuildxFailure.BuildContextNotFound, $"The build context '{context.Name}'") }
            : context;
}
