using System.Collections;
using System.Management.Automation;
using BuildxPS.Completion;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Configuration;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

/// <summary>
/// Changes builders that are there: registry settings, authorities, driver options, arguments. Their containers are made
/// again where they run, and keep their cache. buildx has no such command.
/// </summary>
[Cmdlet(VerbsCommon.Set, "BuildxBuilder", SupportsShouldProcess = true)]
[OutputType(typeof(Builder))]
public sealed class SetBuildxBuilderCommand : EngineSettingsCommand
{
    /// <summary>Names of builders, wildcards allowed; without it the current builder.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Builder")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BuilderNameCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>The node to change; without it all of the builder's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    public string? Node { get; set; }

    /// <summary>Options of the driver to set: hashtables or <c>'key=value'</c>; <c>$null</c> as a value takes one away.</summary>
    [Parameter]
    [Alias("DriverOpt")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DriverOptionCompleter))]
    public object[] DriverOption { get; set; } = [];

    /// <summary>Arguments for buildkitd, in the place of all that there were; an empty list takes them away.</summary>
    [Parameter]
    [Alias("BuildKitdFlags")]
    [AllowEmptyCollection]
    public string[]? BuildKitdFlag { get; set; }

    /// <summary>Platforms that the node is to build, in the place of those that there were; an empty list takes them away.</summary>
    [Parameter]
    [AllowEmptyCollection]
    [ArgumentCompleter(typeof(PlatformCompleter))]
    public string[]? Platform { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => ChooseProgress();

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForBuilders(Name, builder =>
    {
        var environment = ClientEnvironment.Read();
        var changer = new BuilderChanger(environment);
        var change = ReadChange(builder.Name);
        foreach (var warning in changer.Check(change))
        {
            WriteWarning(warning);
        }

        if (!ShouldProcess(builder.Name, change.TouchesEngine ? "Change builder, and make what runs of it again with its cache kept" : "Change builder"))
        {
            return;
        }

        Show(token => changer.ChangeAsync(change, token));
        WriteObject(Run(token => new BuilderCatalog(environment).GetAsync(new BuilderSelection { Name = builder.Name }, DefaultTimeout, token)));
    });

    private BuilderChange ReadChange(string name) => new()
    {
        Name = name,
        NodeName = Node,
        DriverOptions = ReadOptions(),
        Flags = BuildKitdFlag,
        ConfigFile = ReadConfigFile(),
        Registries = ReadRegistries(),
        Platforms = Platform is null ? null : PlatformArguments.Read(Platform),
    };

    private Dictionary<string, string?> ReadOptions()
    {
        var removed = DriverOption.Select(PairArguments.Unwrap).OfType<IDictionary>().SelectMany(t => t.Cast<DictionaryEntry>()).Where(e => e.Value is null).ToList();
        var given = DriverOption.Select(o => PairArguments.Unwrap(o) is IDictionary table
            ? new Hashtable(table.Cast<DictionaryEntry>().Where(e => e.Value is not null).ToDictionary(e => e.Key, e => e.Value))
            : o);
        var options = DriverOptionArguments.Read(given).ToDictionary(o => o.Key, o => (string?)o.Value, StringComparer.Ordinal);
        removed.ForEach(e => options[e.Key.ToString() ?? ""] = null);
        return options;
    }
}
