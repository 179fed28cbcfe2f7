using System.Text;

namespace BuildxPS.Engine.Builds.Git;

/// <summary>A repository's own configuration, see git-config(1). Files that it includes are left out.</summary>
internal sealed class GitConfig
{
    private readonly List<(string Section, string Name, string Key, string Value)> _entries = [];

    private GitConfig()
    {
    }

    /// <summary>Reads a configuration. Lines that are none are passed over, as nothing depends on them here.</summary>
    /// <param name="text">The file's text.</param>
    /// <returns>The configuration.</returns>
    public static GitConfig Parse(string text)
    {
        var config = new GitConfig();
        var (section, name) = ("", "");
        foreach (var raw in text.ReplaceLineEndings("\n").Replace("\\\n", "", StringComparison.Ordinal).Split('\n'))
        {
            var line = raw.Trim();
            if (line.StartsWith('['))
            {
                (section, name) = ReadSection(line);
            }
            else if (line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && line[0] is not ('#' or ';'))
            {
                config._entries.Add((section, name, line[..equals].Trim().ToLowerInvariant(), ReadValue(line[(equals + 1)..].Trim())));
            }
        }

        return config;
    }

    /// <summary>A value; of several the first, as git uses a remote's addresses.</summary>
    /// <param name="section">The section.</param>
    /// <param name="name">Its name in quotes.</param>
    /// <param name="key">The key.</param>
    /// <returns>Null where it is not set.</returns>
    public string? Find(string section, string name, string key)
        => _entries.FirstOrDefault(e => e.Section == section && e.Name == name && e.Key == key).Value;

    private static (string Section, string Name) ReadSection(string line)
    {
        var end = line.LastIndexOf(']');
        var inner = line[1..(end > 0 ? end : line.Length)];
        var quote = inner.IndexOf('"', StringComparison.Ordinal);
        return quote < 0
            ? (inner.Trim().ToLowerInvariant(), "")
            : (inner[..quote].Trim().ToLowerInvariant(), ReadValue(inner[quote..]));
    }

    private static string ReadValue(string text)
    {
        var value = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    isQuoted = !isQuoted;
                    break;
                case '\\' when i + 1 < text.Length:
                    value.Append(text[++i] switch { 'n' => '\n', 't' => '\t', var other => other });
                    break;
                case '#' or ';' when !isQuoted:
                    return value.ToString().TrimEnd();
                case var other:
                    value.Append(other);
                    break;
            }
        }

        return value.ToString();
    }
}
