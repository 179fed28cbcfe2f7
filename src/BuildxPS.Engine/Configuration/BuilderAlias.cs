using System.Text.Json;
using System.Text.Json.Nodes;

namespace BuildxPS.Engine.Configuration;

/// <summary>
/// The alias in docker's <c>config.json</c> that makes <c>docker builder</c>, and with it <c>docker build</c>, run docker's buildx
/// plugin. Nothing else in the file is changed.
/// </summary>
/// <param name="environment">Where this client runs.</param>
public sealed class BuilderAlias(ClientEnvironment environment)
{
    private const string Name = "builder";
    private const string Plugin = "buildx";

    private readonly string _path = Path.Combine(DockerConfiguration.FolderOf(environment), "config.json");

    /// <summary>Reads the alias as it is now.</summary>
    /// <returns>The alias; without a plugin where there is none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>.</exception>
    public BuildxAlias Read()
    {
        var json = JsonFile.Read(_path, AliasesJsonContext.Default.AliasesJson) ?? new();
        var plugin = json.Aliases?.GetValueOrDefault(Name);
        return new BuildxAlias
        {
            Name = Name,
            ConfigFile = _path,
            Plugin = plugin,
            PluginPath = string.IsNullOrEmpty(plugin) ? null : DockerPlugins.Find(plugin, Folders(json), environment.IsWindows),
        };
    }

    /// <summary>Whether an alias stands for something else than buildx, which somebody set on purpose.</summary>
    /// <param name="alias">The alias.</param>
    /// <returns>False where there is none.</returns>
    public static bool IsOther(BuildxAlias alias)
    {
        ArgumentNullException.ThrowIfNull(alias);
        return alias.Plugin is not (null or "" or Plugin);
    }

    /// <summary>Finds out whether the alias can be set, and what would follow.</summary>
    /// <param name="replacesOther">Whether an alias for something else is replaced.</param>
    /// <returns>Whether it is to be set, and what the user should know first; null for nothing.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.AliasExists"/> or <see cref="BuildxFailure.ConfigurationInvalid"/>.</exception>
    public (bool IsChange, string? Warning) Plan(bool replacesOther)
    {
        var alias = Read();
        if (IsOther(alias) && !replacesOther)
        {
            throw new BuildxException(
                BuildxFailure.AliasExists,
                $"The alias '{Name}' in {DisplayText.Line(_path)} stands for '{DisplayText.Line(alias.Plugin, 100)}' already.",
                "If nobody needs it any more, replace it with Install-BuildxAlias -Force.");
        }

        var folders = Folders(JsonFile.Read(_path, AliasesJsonContext.Default.AliasesJson) ?? new());
        var warning = DockerPlugins.Find(Plugin, folders, environment.IsWindows) is null
            ? $"Docker has no buildx plugin, and with this alias 'docker build' fails until it has one: put docker-{Plugin} into {folders[0]}. This module's own builds need neither."
            : null;
        return (alias.Plugin != Plugin, warning);
    }

    /// <summary>Sets the alias.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> or <see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public void Install() => JsonFileChange.Apply(_path, json => JsonText.Set(json, ["aliases", Name], JsonValue.Create(Plugin)), isSecret: false);

    /// <summary>Removes the alias; nothing happens where there is none.</summary>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> or <see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public void Uninstall()
    {
        if (File.Exists(_path))
        {
            JsonFileChange.Apply(_path, Remove, isSecret: false);
        }
    }

    // Docker leaves the whole object out where it has no alias.
    private static byte[] Remove(byte[] json)
        => JsonSerializer.Deserialize(json, AliasesJsonContext.Default.AliasesJson)?.Aliases is { } aliases && aliases.Keys.All(k => k == Name)
            ? JsonText.Remove(json, "aliases")
            : JsonText.Remove(json, "aliases", Name);

    private IReadOnlyList<string> Folders(AliasesJson json)
        => DockerPlugins.Folders(environment, (json.CliPluginsExtraDirs ?? []).Where(f => !string.IsNullOrEmpty(f)).OfType<string>());
}
