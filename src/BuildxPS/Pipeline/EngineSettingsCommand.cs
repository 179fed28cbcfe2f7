using System.Collections;
using System.Management.Automation;
using BuildxPS.Engine.Builders.Configuration;

namespace BuildxPS.Pipeline;

/// <summary>What cmdlets have in common that say how a builder's engine is configured.</summary>
public abstract class EngineSettingsCommand : BuildxProgressCommand
{
    /// <summary>A config file for buildkitd, in TOML. A new node without it gets <c>buildkitd.default.toml</c> of buildx's folder, if it is there.</summary>
    [Parameter]
    [Alias("BuildKitdConfig", "Config")]
    [ValidateNotNullOrEmpty]
    [PathArgument]
    public string? ConfigFile { get; set; }

    /// <summary>Registries that the engine speaks to over plain http.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] InsecureRegistry { get; set; } = [];

    /// <summary>Registries whose https certificate the engine does not check.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] SkipTlsVerify { get; set; } = [];

    /// <summary>Mirrors that the engine asks first, in a hashtable by registry: <c>@{ 'docker.io' = 'mirror.local:5000' }</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public IDictionary[] RegistryMirror { get; set; } = [];

    /// <summary>PEM files with the authorities of registries' certificates, in a hashtable by registry; they are copied to the engine.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public object[] RegistryCa { get; set; } = [];

    private protected EngineSettingsCommand()
    {
    }

    /// <summary>The config file.</summary>
    /// <returns>Its absolute path; null where none was given.</returns>
    private protected string? ReadConfigFile()
        => ConfigFile is null ? null : ResolvePath(ConfigFile, BuildxFailure.ConfigFileInvalid, "The config file");

    /// <summary>What was said about registries.</summary>
    /// <returns>The settings.</returns>
    private protected RegistrySettings ReadRegistries() => RegistrySettingArguments.Read(
        InsecureRegistry, SkipTlsVerify, RegistryMirror, RegistryCa, path => ResolvePath(path, BuildxFailure.ConfigFileInvalid, "The file with certificates"));
}
