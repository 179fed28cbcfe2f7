using System.Security.Cryptography;

namespace BuildxPS.Engine.Builders;

/// <summary>Names for builders that the user gives none.</summary>
internal static class RandomName
{
    private static readonly string[] s_adjectives =
    [
        "agile", "amber", "bold", "brisk", "calm", "clever", "crisp", "daring", "eager", "fair", "fleet", "gentle", "glad",
        "golden", "hardy", "humble", "keen", "kind", "lively", "lucid", "merry", "mild", "neat", "nimble", "patient", "plucky",
        "proud", "quick", "quiet", "ready", "sharp", "silent", "sleek", "smart", "steady", "sturdy", "sunny", "swift", "tidy", "wise",
    ];

    private static readonly string[] s_makers =
    [
        "brunel", "cooper", "daedalus", "eiffel", "fuller", "gaudi", "gropius", "hadid", "imhotep", "kahn", "lloyd", "mason",
        "mies", "morgan", "nervi", "niemeyer", "otto", "palladio", "paxton", "pei", "piano", "plumber", "potter", "roebling",
        "rogers", "saarinen", "sinan", "smith", "soane", "sullivan", "tange", "telford", "thatcher", "turner", "utzon", "vitruvius",
        "wagner", "weaver", "wren", "wright",
    ];

    /// <summary>Makes a name.</summary>
    /// <param name="attempt">From the second on, a digit makes a meeting less likely.</param>
    /// <returns>For example <c>brisk_brunel</c>.</returns>
    public static string Create(int attempt)
        => Pick(s_adjectives) + "_" + Pick(s_makers) + (attempt == 0 ? "" : RandomNumberGenerator.GetString("0123456789", 1));

    private static string Pick(string[] words) => words[RandomNumberGenerator.GetInt32(words.Length)];
}
