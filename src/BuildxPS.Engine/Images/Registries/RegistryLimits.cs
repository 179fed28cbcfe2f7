namespace BuildxPS.Engine.Images.Registries;

/// <summary>Bounds of what a registry may make us wait for and hold in memory.</summary>
internal sealed record RegistryLimits
{
    /// <summary>To connect and agree on TLS.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>To the head of an answer.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>To the word that a body may come, for which a large one waits; registries that do not know of it say none.</summary>
    public TimeSpan Continue { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Between two pieces of a body.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For a whole body that is read into memory; against one that trickles.</summary>
    public TimeSpan SmallBody { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For a registry to store a blob of which it has all bytes: some move it to where it stays before they answer.</summary>
    public TimeSpan Commit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes above which a blob goes in pieces from the start; by default none does.</summary>
    public long FirstChunk { get; init; } = long.MaxValue;

    /// <summary>Bytes of a piece where a registry, or a proxy in front of it, takes no large bodies; the first size that is tried.</summary>
    public long ChunkBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>The smallest piece that is tried.</summary>
    public long MinChunkBytes { get; init; } = 512 * 1024;

    /// <summary>Times that a request is sent again.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>Wait before the first retry; each further one is twice as long.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait that a registry may ask for; asking for more is a failure at once.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Redirects that are followed.</summary>
    public int Redirects { get; init; } = 5;

    /// <summary>Bytes of an index or manifest. The distribution specification asks registries to take 4 MiB, and most take no more.</summary>
    public int ManifestBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes of an error's body; what comes after is left unread.</summary>
    public int ErrorBytes { get; init; } = 64 * 1024;

    /// <summary>Tags, or referrers of one image, that are listed.</summary>
    public int ListEntries { get; init; } = 100_000;

    /// <summary>Pages that a list may come in.</summary>
    public int ListPages { get; init; } = 1000;

    /// <summary>Bytes that all pages of a list may have.</summary>
    public long ListBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Bytes of a token service's answer.</summary>
    public int TokenBytes { get; init; } = 1024 * 1024;
}
