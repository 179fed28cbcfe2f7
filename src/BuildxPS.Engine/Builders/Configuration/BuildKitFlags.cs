using System.Text;

namespace BuildxPS.Engine.Builders.Configuration;

/// <summary>Arguments for buildkitd, split and completed as buildx does.</summary>
internal static class BuildKitFlags
{
    private const string Entitlement = "--allow-insecure-entitlement";
    private const string NetworkHost = "network.host";

    /// <summary>Splits texts into arguments as a shell does.</summary>
    /// <param name="texts">What the user gave; each may hold several arguments.</param>
    /// <returns>The arguments.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.BuildKitFlagInvalid"/>.</exception>
    public static List<string> Split(IEnumerable<string> texts) => [.. texts.SelectMany(SplitOne)];

    /// <summary>Lets builds ask for the host's network: a container is a network of its own, so they get only the container's.</summary>
    /// <param name="flags">The user's arguments.</param>
    /// <param name="usesHostNetwork">Whether the container itself is in the host's network.</param>
    /// <param name="configGrants">Whether the config file grants it.</param>
    /// <returns>The arguments; null where there are none, as buildx stores it.</returns>
    public static List<string>? Complete(List<string> flags, bool usesHostNetwork, bool configGrants)
    {
        var granted = Granted(flags);
        if (usesHostNetwork ? !granted.Contains(NetworkHost) : granted.Count == 0 && !configGrants)
        {
            flags = [.. flags, $"{Entitlement}={NetworkHost}"];
        }

        return flags.Count == 0 ? null : flags;
    }

    private static List<string> Granted(List<string> flags)
    {
        var granted = new List<string>();
        for (var i = 0; i < flags.Count; i++)
        {
            if (flags[i] == Entitlement && i + 1 < flags.Count)
            {
                granted.Add(flags[++i]);
            }
            else if (flags[i].StartsWith(Entitlement + "=", StringComparison.Ordinal))
            {
                granted.Add(flags[i][(Entitlement.Length + 1)..]);
            }
        }

        return granted;
    }

    private static List<string> SplitOne(string text)
    {
        var result = new List<string>();
        var word = new StringBuilder();
        var isWord = false;
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '\\' when quote != '\'' && i + 1 < text.Length:
                    word.Append(text[++i]);
                    isWord = true;
                    break;
                case '"' or '\'' when quote == '\0':
                    quote = c;
                    isWord = true;
                    break;
                case '"' or '\'' when quote == c:
                    quote = '\0';
                    break;
                case ' ' or '\t' or '\n' or '\r' when quote == '\0':
                    if (isWord)
                    {
                        result.Add(word.ToString());
                        word.Clear();
                        isWord = false;
                    }

                    break;
                default:
                    word.Append(c);
                    isWord = true;
                    break;
            }
        }

        if (quote != '\0')
        {
            throw new BuildxException(
                BuildxFailure.BuildKitFlagInvalid,
                $"The flags '{DisplayText.Line(text)}' have a quotation mark {quote} that is not closed.",
                "Write flags as for a shell, or give each as a text of its own.");
        }

        if (isWord)
        {
            result.Add(word.ToString());
        }

        return result;
    }
}
