using System.Globalization;
using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>A set of characters, as a class in a pattern names it.</summary>
internal sealed class RuneSet
{
    private const int LastRune = 0x10FFFF;

    private readonly List<(int Low, int High)> _ranges = [];
    private List<(Func<UnicodeCategory, bool> Includes, bool Negated)>? _categories;

    /// <summary>Whether the set is of all characters that were not added.</summary>
    public bool Negated { get; init; }

    /// <summary>All characters but those.</summary>
    /// <param name="excluded">The characters.</param>
    /// <returns>The set.</returns>
    public static RuneSet AllBut(char excluded) => new RuneSet { Negated = true }.Add(excluded, excluded);

    /// <summary>Adds the characters from one to another, both included.</summary>
    /// <param name="low">The first.</param>
    /// <param name="high">The last; if it is below the first, nothing is added.</param>
    /// <returns>This set.</returns>
    public RuneSet Add(int low, int high)
    {
        _ranges.Add((low, high));
        return this;
    }

    /// <summary>Adds ranges, or all that is in none of them.</summary>
    /// <param name="ranges">Ascending pairs of a first and a last character.</param>
    /// <param name="negated">Whether to add all others.</param>
    public void Add(string ranges, bool negated)
    {
        var next = 0;
        for (var i = 0; i < ranges.Length; i += 2)
        {
            _ranges.Add(negated ? (next, ranges[i] - 1) : (ranges[i], ranges[i + 1]));
            next = ranges[i + 1] + 1;
        }

        if (negated)
        {
            _ranges.Add((next, LastRune));
        }
    }

    /// <summary>Adds the characters of Unicode categories.</summary>
    /// <param name="includes">The categories.</param>
    /// <param name="negated">Whether to add the characters of all others.</param>
    public void Add(Func<UnicodeCategory, bool> includes, bool negated) => (_categories ??= []).Add((includes, negated));

    /// <summary>Whether a character is in the set.</summary>
    /// <param name="rune">The character.</param>
    /// <returns>Whether it is.</returns>
    public bool Contains(Rune rune)
    {
        foreach (var (low, high) in _ranges)
        {
            if (rune.Value >= low && rune.Value <= high)
            {
                return !Negated;
            }
        }

        if (_categories is not null)
        {
            var category = Rune.GetUnicodeCategory(rune);
            foreach (var (includes, negated) in _categories)
            {
                if (includes(category) != negated)
                {
                    return !Negated;
                }
            }
        }

        return Negated;
    }
}
