namespace BuildxPS;

/// <summary>What an address says of a git repository behind <c>#</c> and <c>?</c>.</summary>
internal sealed record GitQuery
{
    private const string Known = "ref, tag, branch, subdir, checksum, commit, keep-git-dir, submodules, mtime and fetch-by-commit";

    /// <summary>A branch, tag or commit; null for the repository's own choice.</summary>
    public string? Reference { get; init; }

    /// <summary>The folder in the repository that is the context; null for its root.</summary>
    public string? Subfolder { get; init; }

    /// <summary>The commit that the reference has to be; null for any.</summary>
    public string? Checksum { get; init; }

    /// <summary>Whether the folder <c>.git</c> is kept; null where nothing is said.</summary>
    public bool? KeepsGitFolder { get; init; }

    /// <summary>Whether submodules are fetched; null where nothing is said.</summary>
    public bool? HasSubmodules { get; init; }

    /// <summary>The files' times: <c>checkout</c> or <c>commit</c>; null where nothing is said.</summary>
    public string? Times { get; init; }

    /// <summary>Whether the commit is fetched as such, and not compared with the reference.</summary>
    public bool FetchesCommit { get; init; }

    /// <summary>Whether something may be said so.</summary>
    /// <param name="key">What stands before the equals sign.</param>
    /// <returns>True for a key that <see cref="Parse"/> takes.</returns>
    public static bool IsKnown(string key)
        => key is "ref" or "tag" or "branch" or "subdir" or "checksum" or "commit" or "mtime" || IsSwitch(key);

    /// <summary>Reads both parts.</summary>
    /// <param name="query">What follows the question mark, escaped.</param>
    /// <param name="fragment">What follows the hash: <c>REF[:SUBFOLDER]</c>.</param>
    /// <returns>What they say.</returns>
    /// <exception cref="FormatException">Naming what is wrong, as the end of a sentence.</exception>
    public static GitQuery Parse(string query, string fragment)
    {
        var pairs = Pairs(query);
        var colon = fragment.IndexOf(':', StringComparison.Ordinal);
        var reference = Agree("ref", NotEmpty(colon < 0 ? fragment : fragment[..colon]), pairs.GetValueOrDefault("ref"));
        var tag = Prefixed(pairs.GetValueOrDefault("tag"), "refs/tags/");
        var branch = Prefixed(pairs.GetValueOrDefault("branch"), "refs/heads/");
        if (tag is not null && branch is not null)
        {
            throw new FormatException("it names a branch and a tag");
        }

        return new GitQuery
        {
            Reference = Agree("ref", Agree("ref", reference, tag), branch),
            Subfolder = Agree("subdir", NotEmpty(colon < 0 ? "" : fragment[(colon + 1)..].Trim('/')), pairs.GetValueOrDefault("subdir")),
            Checksum = Agree("commit", pairs.GetValueOrDefault("checksum"), pairs.GetValueOrDefault("commit")),
            KeepsGitFolder = Switch(pairs, "keep-git-dir"),
            HasSubmodules = Switch(pairs, "submodules"),
            Times = pairs.GetValueOrDefault("mtime") is not { } times || times is "checkout" or "commit"
                ? pairs.GetValueOrDefault("mtime")
                : throw new FormatException($"its mtime is '{times}', which is neither checkout nor commit"),
            FetchesCommit = Switch(pairs, "fetch-by-commit") ?? false,
        };
    }

    private static Dictionary<string, string> Pairs(string query)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var key = Unescape(equals < 0 ? part : part[..equals]);
            var value = equals < 0 ? "" : Unescape(part[(equals + 1)..]);
            var isSwitch = IsSwitch(key);
            if (!IsKnown(key))
            {
                throw new FormatException($"it says '{key}', and known are {Known}");
            }

            if (value.Length == 0 && !isSwitch)
            {
                throw new FormatException($"its {key} is empty");
            }

            if (!pairs.TryAdd(key, value))
            {
                throw new FormatException($"it says '{key}' more than once");
            }
        }

        return pairs;
    }

    private static bool IsSwitch(string key) => key is "keep-git-dir" or "submodules" or "fetch-by-commit";

    private static bool? Switch(Dictionary<string, string> pairs, string key) => pairs.GetValueOrDefault(key) switch
    {
        null => null,
        "" or "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        var other => throw new FormatException($"its {key} is '{other}', which is neither true nor false"),
    };

    private static string? Agree(string what, string? one, string? other)
        => one is null || other is null || one == other ? one ?? other
            : throw new FormatException($"it gives two values for {what}, '{one}' and '{other}'");

    private static string? Prefixed(string? name, string prefix)
        => name is null || name.StartsWith(prefix, StringComparison.Ordinal) ? name : prefix + name;

    private static string? NotEmpty(string text) => text.Length == 0 ? null : text;

    private static string Unescape(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
