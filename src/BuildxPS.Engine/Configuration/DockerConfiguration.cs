namespace BuildxPS.Engine.Configuration;

/// <summary>Docker's configuration folder, and what its <c>config.json</c> holds.</summary>
public sealed class DockerConfiguration
{
    private readonly DockerConfigJson _json;

    private DockerConfiguration(string folder, DockerConfigJson json)
    {
        Folder = folder;
        _json = json;
    }

    /// <summary>The folder: <c>DOCKER_CONFIG</c>, else <c>.docker</c> in the home folder.</summary>
    public string Folder { get; }

    /// <summary>The file that was read, whether it is there or not.</summary>
    public string File => Path.Combine(Folder, "config.json");

    /// <summary>The context that <c>docker context use</c> chose; null for none.</summary>
    public string? CurrentContext => string.IsNullOrEmpty(_json.CurrentContext) ? null : _json.CurrentContext;

    internal IReadOnlyDictionary<string, ProxyJson?>? Proxies => _json.Proxies;

    internal IReadOnlyList<string> PruneFilters => [.. (_json.PruneFilters ?? []).OfType<string>()];

    /// <summary>Reads the configuration.</summary>
    /// <param name="environment">Where this client runs.</param>
    /// <returns>The configuration; an empty one where there is no file.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/>.</exception>
    public static DockerConfiguration Read(ClientEnvironment environment)
    {
        var folder = FolderOf(environment);
        return new(folder, JsonFile.Read(Path.Combine(folder, "config.json"), ConfigurationJson.Default.DockerConfigJson) ?? new());
    }

    internal static string FolderOf(ClientEnvironment environment)
        => Path.GetFullPath(environment["DOCKER_CONFIG"] ?? Path.Combine(environment.HomeDirectory, ".docker"));
}
