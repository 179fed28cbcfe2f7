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
    public BuildxAlias Read() => Read(JsonFile.Read(_path, AliasesJsonContext.Default.AliasesJson));

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
        var json = JsonFile.Read(_path, AliasesJsonContext.Default.AliasesJson);
        var alias = Read(json);
        DemandFree(alias, replacesOther);
        var warning = DockerPlugins.Find(Plugin, Folders(json), environment.IsWindows) is null
            ? $"Docker has no buildx plugin, and with this alias 'docker build' fails until it has one: put docker-{Plugin} into {DockerPlugins.UserFolder(environment)}. This module's own builds need neither."
            : null;
        return (alias.Plugin != Plugin, warning);
    }

    /// <summary>Sets the alias. What another program set since <see cref="Plan"/> is looked at again.</summary>
    /// <param name="replacesOther">Whether an alias for something else is replaced.</param>
    /// <exception cref="BuildxException">
    /// <see cref="BuildxFailure.AliasExists"/>, <see cref="BuildxFailure.ConfigurationInvalid"/> or <see cref="BuildxFailure.DestinationNotWritable"/>.
    /// </exception>
    public void Install(bool replacesOther = false) => JsonFileChange.Apply(
        _path,
        json =>
        {
            DemandFree(Read(Parse(json)), replacesOther);
            return JsonText.Set(json, ["aliases", Name], JsonValue.Create(Plugin));
        },
        isSecret: false);

    /// <summary>Removes the alias; nothing happens where there is none.</summary>
    /// <param name="removesOther">Whether an alias for something else is removed; else it stays.</param>
    /// <returns>The alias as the file had it last; without a plugin where it had none.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> or <see cref="BuildxFailure.DestinationNotWritable"/>.</exception>
    public BuildxAlias Uninstall(bool removesOther = false)
    {
        var found = Read(null);
        if (File.Exists(_path))
        {
            JsonFileChange.Apply(
                _path,
                json =>
                {
                    found = Read(Parse(json));
                    return IsOther(found) && !removesOther ? json : Remove(json);
                },
                isSecret: false);
        }

        return found;
    }

    private void DemandFree(BuildxAlias alias, bool replacesOther)
    {
        if (IsOther(alias) && !replacesOther)
        {
            throw new BuildxException(
                BuildxFailure.AliasExists,
                $"The alias '{Name}' in {DisplayText.Line(_path)} stands for '{DisplayText.Line(alias.Plugin, 100)}' already.",
                "If nobody needs it any more, replace it with Install-BuildxAlias -Force.");
        }
    }

    private BuildxAlias Read(AliasesJson? json)
    {
        var plugin = json?.Aliases?.GetValueOrDefault(Name);
        return new BuildxAlias
        {
            Name = Name,
            ConfigFile = _path,
            Plugin = plugin,
            PluginPath = string.IsNullOrEmpty(plugin) ? null : DockerPlugins.Find(plugin, Folders(json), environment.IsWindows),
        };
    }

    private static AliasesJson? Parse(byte[] json) => JsonSerializer.Deserialize(json, AliasesJsonContext.Default.AliasesJson);

    // Docker leaves the whole object out where it has no alias.
    private static byte[] Remove(byte[] json)
        => Parse(json)?.Aliases is { } aliases && aliases.Keys.All(k => k == Name)
            ? JsonText.Remove(json, "aliases")
            : JsonText.Remove(json, "aliases", Name);

    private IReadOnlyList<string> Folders(AliasesJson? json)
        => DockerPlugins.Folders(environment, (json?.CliPluginsExtraDirs ?? []).Where(f => !string.IsNullOrEmpty(f)).OfType<string>());
}
