using System.Text;

namespace BuildxPS.Engine.Builds.Questions;

/// <summary>Finds what a Dockerfile's ARG instruction says that an argument is without being given. Frontends tell only what it is.</summary>
internal static class ArgumentDefault
{
    /// <summary>Finds the default.</summary>
    /// <param name="location">The instruction, which may declare several arguments.</param>
    /// <param name="name">The argument.</param>
    /// <returns>Its default as written, without quotes; null where there is none.</returns>
    public static string? Find(SourceExcerpt location, string name)
    {
        var lines = location.Text.Split('\n').Skip(location.FirstLine - 1).Take(location.LastLine - location.FirstLine + 1)
            .Where(l => !l.TrimStart().StartsWith('#')).Select(l => l.TrimEnd());
        var instruction = string.Concat(lines.Select(l => l is [.., '\\' or '`'] ? l[..^1] + " " : l + " "));
        foreach (var word in Words(instruction).Skip(1))
        {
            if (word.StartsWith(name + "=", StringComparison.Ordinal))
            {
                return word[(name.Length + 1)..];
            }
        }

        return null;
    }

    private static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        var any = false;
        var quote = '\0';
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\\' && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
                any = true;
            }
            else if (quote == '\0' ? c is '"' or '\'' : c == quote)
            {
                quote = quote == '\0' ? c : '\0';
                any = true;
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (any)
                {
                    yield return word.ToString();
                }

                word.Clear();
                any = false;
            }
            else
            {
                word.Append(c);
                any = true;
            }
        }

        if (any)
        {
            yield return word.ToString();
        }
    }
}
