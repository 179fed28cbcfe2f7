using System.Text;

namespace BuildxPS.Engine.Engines;

/// <summary>Which records of an engine's build cache are meant.</summary>
public sealed record CacheSelection
{
    /// <summary>What must be true of a record, all of it; empty means every record.</summary>
    public IReadOnlyList<CacheCondition> Conditions { get; init; } = [];

    /// <summary>Ids of which a record must have one; empty means any.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [];

    /// <summary>Whether every record is meant.</summary>
    public bool IsEverything => Conditions.Count == 0 && Ids.Count == 0;
}

/// <summary>Something that must be true of a record.</summary>
public sealed record CacheCondition
{
    /// <summary>A field of the record: <c>id</c>, <c>type</c>, <c>description</c>, <c>parents</c>, <c>shared</c>, …</summary>
    public required string Key { get; init; }

    /// <summary>How it is compared.</summary>
    public CacheOperator Operator { get; init; } = CacheOperator.Has;

    /// <summary>What it is compared with.</summary>
    public string Value { get; init; } = "";

    /// <summary>The condition in the words of containerd's filters, which BuildKit takes.</summary>
    /// <returns>The text, its value quoted.</returns>
    public override string ToString() => Operator switch
    {
        CacheOperator.Equal => $"{Key}=={Quote(Value)}",
        CacheOperator.NotEqual => $"{Key}!={Quote(Value)}",
        CacheOperator.Match => $"{Key}~={Quote(Value)}",
        _ => Key,
    };

    private static string Quote(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' or '\\' => text.Append('\\').Append(c),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                _ => text.Append(c),
            };
        }

        return text.Append('"').ToString();
    }
}

/// <summary>How a field of a record is compared.</summary>
public enum CacheOperator
{
    /// <summary>It is there, or true.</summary>
    Has,

    /// <summary>It is the value.</summary>
    Equal,

    /// <summary>It is not the value.</summary>
    NotEqual,

    /// <summary>The value, a regular expression of Go, is found in it.</summary>
    Match,
}

/// <summary>What is to go of an engine's build cache.</summary>
public sealed record CachePruning
{
    /// <summary>Which records may go.</summary>
    public CacheSelection Selection { get; init; } = new();

    /// <summary>Whether also internal records, those of frontends and shared ones go.</summary>
    public bool All { get; init; }

    /// <summary>Records stay that were used within this time; zero for none.</summary>
    public TimeSpan UnusedFor { get; init; }

    /// <summary>Bytes of cache that stay in any case; zero for none.</summary>
    public long ReservedSpace { get; init; }

    /// <summary>Records go until the cache uses less than these bytes; zero for no such limit.</summary>
    public long MaxUsedSpace { get; init; }

    /// <summary>Records go until so many bytes of the engine's disk are free; zero for no such limit.</summary>
    public long MinFreeSpace { get; init; }

    /// <summary>Whether how much there is decides what goes.</summary>
    public bool HasLimits => ReservedSpace > 0 || MaxUsedSpace > 0 || MinFreeSpace > 0;
}
