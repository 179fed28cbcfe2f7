namespace BuildxPS.Engine.Builders.Store;

/// <summary>An entry of the store: a builder, or the reason why its file cannot be used.</summary>
internal sealed record StoredBuilder
{
    /// <summary>The builder's name; the file's name where the file cannot be used.</summary>
    public required string Name { get; init; }

    /// <summary>The builder; null where <see cref="Failure"/> says why not.</summary>
    public BuilderInstance? Instance { get; init; }

    /// <summary>When it was last used; null if not known.</summary>
    public DateTimeOffset? LastActivity { get; init; }

    /// <summary>Why the file cannot be used; null if it can.</summary>
    public BuildxException? Failure { get; init; }
}
