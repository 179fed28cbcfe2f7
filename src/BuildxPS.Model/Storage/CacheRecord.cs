namespace BuildxPS;

/// <summary>One record of an engine's build cache: what a step left, a local folder's copy, a cache mount.</summary>
public sealed record CacheRecord
{
    /// <summary>The builder whose engine has it.</summary>
    public string Builder { get; init; } = "";

    /// <summary>The builder's node that has it.</summary>
    public string Node { get; init; } = "";

    /// <summary>Its id, unique on the engine.</summary>
    public required string Id { get; init; }

    /// <summary>Ids of the records that it builds on; they cannot be removed before it.</summary>
    public IReadOnlyList<string> Parents { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>When it was made; null where the engine does not say.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Whether it can still change, like a cache mount.</summary>
    public bool IsMutable { get; init; }

    /// <summary>Whether nothing uses it now, so that it can be removed.</summary>
    public bool IsReclaimable { get; init; }

    /// <summary>Whether something beside the cache, an image of the daemon, has its data or its base too: it goes with <c>-All</c> only, and that may free nothing.</summary>
    public bool IsShared { get; init; }

    /// <summary>Its size in bytes; 0 where the engine cannot tell, as while it changes.</summary>
    public long Size { get; init; }

    /// <summary>What it is, in the engine's words.</summary>
    public string Description { get; init; } = "";

    /// <summary>How often it was used.</summary>
    public long UsageCount { get; init; }

    /// <summary>When it was used last; null for never.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>
    /// <c>regular</c>, <c>source.local</c>, <c>source.git.checkout</c>, <c>exec.cachemount</c>, <c>frontend</c>, <c>internal</c>, or what newer
    /// engines add; null where the engine does not say, as of records that it has just removed.
    /// </summary>
    public string? Type { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Id;
}
