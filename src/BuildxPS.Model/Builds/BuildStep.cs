namespace BuildxPS;

/// <summary>One step of a build (a vertex of its graph), as it stood at the end.</summary>
public sealed record BuildStep
{
    /// <summary>Place among the build's steps, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Name, for example <c>[build 2/3] RUN make</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The Dockerfile's stage that it belongs to, as the frontend names it; null where it belongs to none, or the only one has no name.</summary>
    public string? Stage { get; init; }

    /// <summary>The platform that its stage is built for, where several are; null where it does not say.</summary>
    public Platform? Platform { get; init; }

    /// <summary>The builder's node that it ran on; null for what was done here, such as booting a node or merging an index.</summary>
    public string? Node { get; init; }

    /// <summary>Digest of the vertex.</summary>
    public required string Digest { get; init; }

    /// <summary>How it stands.</summary>
    public BuildStepStatus Status { get; init; }

    /// <summary>Whether its result came from the cache.</summary>
    public bool IsCached => Status == BuildStepStatus.Cached;

    /// <summary>When it first started, by the engine's clock; null if it never did.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it last ended, by the engine's clock; null if it did not.</summary>
    public DateTimeOffset? Completed { get; init; }

    /// <summary>Time that it ran, without the gaps when it ran more than once.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Bytes that it moved (context, layers), as far as it reported them; zero if none.</summary>
    public long Bytes { get; init; }

    /// <summary>What it printed, without escape codes; of very much the last part. Empty for a step that came from the cache.</summary>
    public string Log { get; init; } = "";

    /// <summary>Whether it printed more than <see cref="Log"/> holds.</summary>
    public bool IsLogCut { get; init; }

    /// <summary>Why it failed; null if it did not.</summary>
    public string? Error { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
