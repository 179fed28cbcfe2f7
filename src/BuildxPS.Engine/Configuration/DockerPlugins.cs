namespace BuildxPS.Engine.Configuration;

/// <summary>Where docker's command line looks for its plugins.</summary>
internal static class DockerPlugins
{
    private static readonly string[] s_unixFolders =
    [
        "/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins",
    ];

    /// <summary>The user's own folder.</summary>
    /// <param name="environment">Where this client runs.</param>
    /// <returns>Its path; it need not be there.</returns>
    public static string UserFolder(ClientEnvironment environment) => Path.Combine(DockerConfiguration.FolderOf(environment), "cli-plugins");

    /// <summary>The folders, in the order in which docker looks: those that its configuration adds come before the user's own.</summary>
    /// <param name="environment">Where this client runs.</param>
    /// <param name="extraFolders">Those that docker's configuration adds.</param>
    /// <returns>Their paths; not all of them need to be there.</returns>
    public static IReadOnlyList<string> Folders(ClientEnvironment environment, IEnumerable<string> extraFolders) =>
    [
        .. extraFolders,
        UserFolder(environment),
        .. environment.IsWindows
            ? new[] { environment["ProgramData"], environment["ProgramFiles"] }.OfType<string>().Select(f => Path.Combine(f, "Docker", "cli-plugins"))
            : s_unixFolders,
    ];

    /// <summary>Finds a plugin's program.</summary>
    /// <param name="name">The plugin's name, for example <c>buildx</c>.</param>
    /// <param name="folders">Where to look.</param>
    /// <param name="isWindows">Whether programs have the ending of Windows.</param>
    /// <returns>Its path; null where no folder has it.</returns>
    public static string? Find(string name, IEnumerable<string> folders, bool isWindows)
        => folders.Select(f => Path.Combine(f, $"docker-{name}{(isWindows ? ".exe" : "")}")).FirstOrDefault(File.Exists);
}
