using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;

namespace BuildxPS.Pipeline;

/// <summary>What cmdlets have in common that make a node: where it is, and what its engine is to be like.</summary>
public abstract class NodeCreationCommand : EngineSettingsCommand
{
    /// <summary>
    /// A docker context, or an address. With a context the node is a container of that docker; an address is that of a
    /// BuildKit, unless <see cref="Driver"/> says <c>docker-container</c>. Without it the current docker context.
    /// </summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Endpoint { get; set; }

    /// <summary>The docker context in whose engine the node's container is made.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Context { get; set; }

    /// <summary>The address of the docker engine in which the node's container is made.</summary>
    [Parameter]
    [Alias("H")]
    [ValidateNotNullOrEmpty]
    public string? DockerHost { get; set; }

    /// <summary>The driver: <c>docker-container</c>, <c>kubernetes</c> or <c>remote</c>; without it what the endpoint says.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DriverCompleter))]
    public string? Driver { get; set; }

    /// <summary>Options of the driver: hashtables or <c>'key=value'</c>.</summary>
    [Parameter]
    [Alias("DriverOpt")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DriverOptionCompleter))]
    public object[] DriverOption { get; set; } = [];

    /// <summary>Arguments for buildkitd; a text with several is split as a shell does.</summary>
    [Parameter]
    [Alias("BuildKitdFlags")]
    [ValidateNotNullOrEmpty]
    public string[] BuildKitdFlag { get; set; } = [];

    /// <summary>The node's name; without it the builder's name and the first free number.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Node { get; set; }

    /// <summary>Platforms that the node is to build, before those that its engine reports.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>Makes the builder the current one.</summary>
    [Parameter]
    public SwitchParameter Use { get; set; }

    /// <summary>Starts it now, and not with the first build.</summary>
    [Parameter]
    public SwitchParameter Bootstrap { get; set; }

    private protected NodeCreationCommand()
    {
    }

    /// <summary>Reads the parameters.</summary>
    /// <param name="name">The builder's name; null for a random one.</param>
    /// <returns>What is to be made.</returns>
    private protected BuilderCreation ReadCreation(string? name)
    {
        if (new[] { Endpoint, Context, DockerHost }.Count(e => e is not null) > 1)
        {
            throw new BuildxException(
                BuildxFailure.SelectionConflict,
                "-Endpoint, -Context and -DockerHost say where the node is, and only one of them can.",
                "Give one of them.");
        }

        var isDocker = Context is not null || DockerHost is not null;
        return new BuilderCreation
        {
            Name = name,
            Driver = Driver ?? (isDocker ? "docker-container" : null),
            NodeName = Node,
            Endpoint = Endpoint ?? Context ?? DockerHost,
            DriverOptions = DriverOptionArguments.Read(DriverOption),
            Flags = BuildKitdFlag,
            ConfigFile = ReadConfigFile(),
            Registries = ReadRegistries(),
            Platforms = PlatformArguments.Read(Platform),
            Use = Use,
        };
    }

    /// <summary>Says what would be made.</summary>
    /// <param name="what">For example <c>Create builder</c>.</param>
    /// <param name="creation">What is to be made.</param>
    /// <returns>A sentence's middle.</returns>
    private protected static string Describe(string what, BuilderCreation creation)
    {
        IEnumerable<string> parts =
        [
            what,
            .. creation.NodeName is null ? Array.Empty<string>() : [$"with node '{creation.NodeName}'"],
            .. creation.Driver is null ? Array.Empty<string>() : [$"with driver {creation.Driver}"],
            .. creation.Endpoint is null ? Array.Empty<string>() : [$"on {creation.Endpoint}"],
            .. creation.ConfigFile is null ? Array.Empty<string>() : [$"with config file {creation.ConfigFile}"],
            .. creation.Use ? ["and make it the current one"] : Array.Empty<string>(),
        ];
        return string.Join(' ', parts);
    }

    /// <summary>Says what there is to say, starts the builder where that was asked for, and emits it.</summary>
    /// <param name="environment">The client's surroundings.</param>
    /// <param name="created">The builder.</param>
    private protected void Finish(ClientEnvironment environment, CreatedBuilder created)
    {
        foreach (var warning in created.Warnings)
        {
            WriteWarning(warning);
        }

        var selection = new BuilderSelection { Name = created.Name };
        if (Bootstrap)
        {
            Show(token => new BuilderLifecycle(environment).StartAsync(selection, token));
        }

        WriteObject(Run(token => new BuilderCatalog(environment).GetAsync(selection, DefaultTimeout, token)));
    }
}
