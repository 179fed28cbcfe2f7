namespace BuildxPS.Engine.Images.Credentials;

/// <summary>
/// Logins for one repository or one right, which buildx keeps in <c>config/HOST[/REPOSITORY][@ACTION[,ACTION]]/config.json</c>
/// in its own folder.
/// </summary>
internal sealed class ScopedLogins
{
    private const int MaxFolders = 10_000;

    private readonly List<Entry> _entries;

    private ScopedLogins(List<Entry> entries) => _entries = entries;

    /// <summary>Lists the files, without reading them.</summary>
    /// <param name="folder">The folder <c>config</c> in buildx's own.</param>
    /// <returns>The files.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.ConfigurationInvalid"/> where the folder cannot be read.</exception>
    public static ScopedLogins List(string folder)
    {
        try
        {
            return new ScopedLogins(Directory.Exists(folder)
                ? [.. Directory.EnumerateFiles(folder, "config.json", new EnumerationOptions
                {
                    RecurseSubdirectories = true,
                    MaxRecursionDepth = 10,
                    AttributesToSkip = FileAttributes.ReparsePoint,
                    IgnoreInaccessible = false,
                }).Take(MaxFolders).Select(f => Entry.Create(folder, f))]
                : []);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BuildxException(
                BuildxFailure.ConfigurationInvalid,
                $"The folder of buildx's logins '{folder}' cannot be read: {error.Message}",
                "Give yourself the right to read it.",
                error);
        }
    }

    /// <summary>The file that fits best.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="scopes">What a login is wanted for.</param>
    /// <returns>Its path; null where none fits. Like buildx, only where exactly one thing is wanted.</returns>
    public string? Find(string host, IReadOnlyList<string> scopes)
    {
        var wanted = Scope.Parse(scopes);
        return wanted.Count != 1 ? null : _entries
            .Where(e => e.Host == host && e.Fits(wanted[0]))
            .OrderByDescending(e => e.Repository, StringComparer.Ordinal)
            .ThenByDescending(e => e.Actions.Count)
            .FirstOrDefault()?.Path;
    }

    /// <summary>The files for a registry, in an order that stays.</summary>
    /// <param name="host">The registry.</param>
    /// <returns>Their paths.</returns>
    public IReadOnlyList<string> Of(string host) => [.. _entries.Where(e => e.Host == host).Select(e => e.Path).Order(StringComparer.Ordinal)];

    private sealed record Entry(string Path, string Host, string Repository, IReadOnlySet<string> Actions)
    {
        public static Entry Create(string folder, string file)
        {
            var key = System.IO.Path.GetRelativePath(folder, System.IO.Path.GetDirectoryName(file)!).Replace('\\', '/');
            var at = key.IndexOf('@', StringComparison.Ordinal);
            var (name, actions) = at < 0 ? (key, "") : (key[..at], key[(at + 1)..]);
            var slash = name.IndexOf('/', StringComparison.Ordinal);
            return new Entry(
                file,
                slash < 0 ? name : name[..slash],
                slash < 0 ? "" : name[(slash + 1)..],
                actions.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal));
        }

        public bool Fits(Scope wanted)
            => (Repository.Length == 0 || wanted.Resource == "repository:" + Repository) && Actions.IsSubsetOf(wanted.Actions);
    }

    /// <summary>What a token is for: <c>repository:library/alpine:pull,push</c>.</summary>
    private sealed record Scope(string Resource, IReadOnlySet<string> Actions)
    {
        public static IReadOnlyList<Scope> Parse(IReadOnlyList<string> scopes)
            => [.. scopes.SelectMany(s => s.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(s => s.Split(':', 3))
                .GroupBy(p => string.Join(':', p.Take(2)), p => p.Length == 3 ? p[2].Split(',') : [])
                .Select(g => new Scope(g.Key, g.SelectMany(a => a).ToHashSet(StringComparer.Ordinal)))];
    }
}
