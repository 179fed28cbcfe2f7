using BuildxPS.Engine.Configuration;

namespace BuildxPS.Engine.Builds.Caches;

/// <summary>AWS's two files of profiles: <c>~/.aws/credentials</c>, and <c>~/.aws/config</c>, where a profile's section is called <c>profile NAME</c>.</summary>
internal static class AwsProfiles
{
    private const int MaxBytes = 1 << 20;

    /// <summary>Reads one profile.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="environment">The client's surroundings.</param>
    /// <returns>Its settings, keys in lower case, those of the file of credentials before those of the other; null where neither has it.</returns>
    /// <exception cref="IOException">A file is there and cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file is there and cannot be read.</exception>
    public static IReadOnlyDictionary<string, string>? Find(string name, ClientEnvironment environment)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        var isFound = Read(PathOf("AWS_CONFIG_FILE", "config"), section => IsOf(section, name), settings);
        isFound |= Read(PathOf("AWS_SHARED_CREDENTIALS_FILE", "credentials"), section => section == name, settings);
        return isFound ? settings : null;

        string PathOf(string variable, string file) => environment[variable] ?? Path.Join(environment.HomeDirectory, ".aws", file);
    }

    private static bool IsOf(string section, string name)
        => section.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is ["profile", var profile]
            ? profile == name
            : name == "default" && section == name;

    private static bool Read(string path, Func<string, bool> isWanted, Dictionary<string, string> settings)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        if (new FileInfo(path).Length > MaxBytes)
        {
            throw new IOException($"'{path}' is larger than 1 MiB");
        }

        var (isIn, isFound) = (false, false);
        foreach (var line in File.ReadLines(path))
        {
            var text = line.Trim();
            if (text.Length == 0 || text[0] is '#' or ';')
            {
                continue;
            }

            if (text[0] == '[')
            {
                var end = text.IndexOf(']', StringComparison.Ordinal);
                isIn = end > 0 && isWanted(text[1..end].Trim());
                isFound |= isIn;
            }
            else if (isIn && !char.IsWhiteSpace(line[0]) && text.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                // An indented line belongs to the setting before it (s3 =, services =).
                settings[text[..equals].Trim().ToLowerInvariant()] = ValueOf(text[(equals + 1)..]);
            }
        }

        return isFound;
    }

    private static string ValueOf(string text)
    {
        foreach (var comment in (string[])[" #", " ;", "\t#", "\t;"])
        {
            text = text.IndexOf(comment, StringComparison.Ordinal) is >= 0 and var at ? text[..at] : text;
        }

        return text.Trim();
    }
}
