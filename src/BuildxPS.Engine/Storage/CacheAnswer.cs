namespace BuildxPS.Engine.Storage;

/// <summary>What one node of a builder answered: a record, or why it answers no more.</summary>
public sealed record CacheAnswer
{
    /// <summary>The node.</summary>
    public required string Node { get; init; }

    /// <summary>A record of its cache; null for a failure.</summary>
    public CacheRecord? Record { get; init; }

    /// <summary>The failure; null for a record. Other nodes go on.</summary>
    public BuildxException? Failure { get; init; }
}
