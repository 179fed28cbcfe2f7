using System.Text;

namespace BuildxPS.Engine.Sessions.Files.Patterns;

/// <summary>What a step of a pattern demands of where it stands, taking no character.</summary>
internal enum RunePlace
{
    /// <summary>The text's start.</summary>
    Start,

    /// <summary>The text's end.</summary>
    End,

    /// <summary>The edge of a word of ASCII letters, digits and <c>_</c>.</summary>
    WordEdge,

    /// <summary>No such edge.</summary>
    NoWordEdge,
}

/// <summary>One part of a pattern: a character, a set, a place or a group, and how often it stands.</summary>
internal sealed record RuneItem
{
    /// <summary>The one character, if it is one.</summary>
    public Rune? Rune { get; init; }

    /// <summary>The characters of which it takes one, if it is a set.</summary>
    public RuneSet? Set { get; init; }

    /// <summary>The place, if it is one.</summary>
    public RunePlace? Place { get; init; }

    /// <summary>The parts, if it is a group.</summary>
    public IReadOnlyList<RuneItem>? Group { get; init; }

    /// <summary>How often it stands at least.</summary>
    public int Minimum { get; init; } = 1;

    /// <summary>How often it stands at most, or null for any number.</summary>
    public int? Maximum { get; init; } = 1;

    /// <summary>Any number of characters of a set.</summary>
    /// <param name="set">The set.</param>
    /// <returns>The item.</returns>
    public static RuneItem AnyNumberOf(RuneSet set) => new() { Set = set, Minimum = 0, Maximum = null };
}
