using System.Text;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Sessions.Files;

/// <summary>What an engine may ask for of a tree, made from a seed: patterns that meet what is there more often than not.</summary>
internal static class RandomSelection
{
    private static readonly string[] s_fragments =
    [
        "**", "*", "?", "/", "[ab]", "[^a]", "[a-c]", "[a*b]", "[?]", "[**]", "[", "]", @"\", "{2}", "{1,}", "{a,b}", "|", "^", "$", ".", "+", "(", ")", @"\d", @"\w",
        @"\W", @"\n", @"\pL", @"\x61", @"\b", @"\Q", @"\E", "!", "[[:alpha:]]", @"[\d]", "-", "/**", "**/", @"\*", @"\[", @"[\]a]", "[^/]", "..", ".", " ", "\uFEFF",
    ];

    /// <summary>Makes a selection.</summary>
    /// <param name="random">What it depends on.</param>
    /// <param name="paths">The paths in the tree.</param>
    public static FileSelection Make(Random random, IReadOnlyList<string> paths) => random.Next(6) switch
    {
        0 => new FileSelection(),
        1 => new FileSelection { IncludePatterns = Patterns(random, paths) },
        2 => new FileSelection { FollowPaths = Followed(random, paths) },
        3 => new FileSelection { FollowPaths = Followed(random, paths), ExcludePatterns = Patterns(random, paths) },
        _ => new FileSelection { ExcludePatterns = Patterns(random, paths) },
    };

    /// <summary>A pattern as a line of an ignore file has it.</summary>
    public static string Pattern(Random random, IReadOnlyList<string> paths)
    {
        var text = new StringBuilder();
        if (random.Next(5) == 0 || paths.Count == 0)
        {
            for (var i = random.Next(1, 5); i > 0; i--)
            {
                _ = text.Append(random.Next(3) == 0 ? RandomTree.Name(random) : RandomTree.Pick(random, s_fragments));
            }
        }
        else
        {
            _ = text.AppendJoin('/', RandomTree.Pick(random, paths).Split('/').Select(n => Blur(random, n)));
            _ = text.Append(RandomTree.Pick(random, ["", "", "", "", "/", "/*", "/**", "/.", "/..", "**", "//x"]));
        }

        var before = RandomTree.Pick(random, ["", "", "", "", "/", "./", "**/", "*/", " ", "x/../"]);
        return (random.Next(3) == 0 ? "!" : "") + before + text;
    }

    private static string[] Patterns(Random random, IReadOnlyList<string> paths) =>
        [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Pattern(random, paths))];

    private static string[] Followed(Random random, IReadOnlyList<string> paths) =>
        [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(6) == 0
            ? RandomTree.Pick(random, [".", "/", "missing", "a/missing", "*", "*/*"])
            : string.Join('/', Path(random, paths).Split('/').Select(n => random.Next(4) == 0 ? Blur(random, n) : n)))];

    private static string Path(Random random, IReadOnlyList<string> paths) =>
        paths.Count == 0 ? "a" : RandomTree.Pick(random, paths) + (random.Next(4) == 0 ? "/" + RandomTree.Name(random) : "");

    /// <summary>A name, or a pattern that is meant to match it.</summary>
    private static string Blur(Random random, string name)
    {
        var runes = name.EnumerateRunes().ToList();
        var at = random.Next(runes.Count);
        return random.Next(12) switch
        {
            0 => "*",
            1 => "**",
            2 => Concat(runes[..at]) + "*",
            3 => "*" + Concat(runes[at..]),
            4 => Concat(runes[..at]) + "?" + Concat(runes[(at + 1)..]),
            5 => $"{Concat(runes[..at])}[{runes[at]}-{runes[at]}]{Concat(runes[(at + 1)..])}",
            6 => $"{Concat(runes[..at])}[^{runes[at]}]{Concat(runes[(at + 1)..])}",
            7 => string.Concat(runes.Select(r => r.IsAscii && !char.IsAsciiLetterOrDigit((char)r.Value) ? $@"\{r}" : r.ToString())),
            _ => name,
        };
    }

    private static string Concat(IEnumerable<Rune> runes) => string.Concat(runes);
}
