using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>Makes a builder with a BuildKit of its own: <c>docker buildx create</c>.</summary>
[Cmdlet(VerbsCommon.New, "BuildxBuilder", SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class NewBuildxBuilderCommand : BuildxProgressCommand
{
    /// <summary>The builder's name; without it a random one.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>The docker context, or the address of the docker engine, that the builder is made on; without it the current context.</summary>
    [Parameter(Position = 1)]
    [Alias("Context", "DockerHost", "H")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ContextNameCompleter))]
    public string? Endpoint { get; set; }

    /// <summary>The driver; without it <c>docker-container</c>.</summary>
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

    /// <summary>A config file for buildkitd, in TOML; without it <c>buildkitd.default.toml</c> of buildx's folder, if it is there.</summary>
    [Parameter]
    [Alias("BuildKitdConfig", "Config")]
    [ValidateNotNullOrEmpty]
    [PathArgument]
    public string? ConfigFile { get; set; }

    /// <summary>The name of the builder's node; without it the builder's name and a zero.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Node { get; set; }

    /// <summary>Platforms that the node is to build, before those that its engine reports.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[] Platform { get; set; } = [];

    /// <summary>Makes it the current builder.</summary>
    [Parameter]
    public SwitchParameter Use { get; set; }

    /// <summary>Starts it now, and not with the first build.</summary>
    [Parameter]
    public SwitchParameter Bootstrap { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForInput(Name, () =>
    {
        ChooseProgress();
        var creation = new BuilderCreation
        {
            Name = Name,
            Driver = Driver,
            NodeName = Node,
            Endpoint = Endpoint,
            DriverOptions = DriverOptionArguments.Read(DriverOption),
            Flags = BuildKitdFlag,
            ConfigFile = ConfigFile is null ? null : ResolvePath(ConfigFile, BuildxFailure.ConfigFileInvalid, "The config file"),
            Platforms = PlatformArguments.Read(Platform),
            Use = Use,
        };
        if (ShouldProcess(Name ?? "(a random name)", Describe(creation)))
        {
            Create(creation);
        }
    });

    private static string Describe(BuilderCreation creation)
    {
        IEnumerable<string> parts =
        [
            "Create builder",
            .. creation.Driver is null ? Array.Empty<string>() : [$"with driver {creation.Driver}"],
            .. creation.Endpoint is null ? Array.Empty<string>() : [$"on {creation.Endpoint}"],
            .. creation.ConfigFile is null ? Array.Empty<string>() : [$"with config file {creation.ConfigFile}"],
            .. creation.Use ? ["and make it the current one"] : Array.Empty<string>(),
        ];
        return string.Join(' ', parts);
    }

    private void Create(BuilderCreation creation)
    {
        var environment = ClientEnvironment.Read();
        var created = Run(token => new BuilderCreator(environment).CreateAsync(creation, token));
        WriteVerbose($"Created builder '{created.Name}'.");
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
