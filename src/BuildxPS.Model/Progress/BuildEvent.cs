namespace BuildxPS;

/// <summary>Something that happened during a build. Events of one build come in order, on one stream.</summary>
public abstract record BuildEvent
{
    private protected BuildEvent()
    {
    }
}

/// <summary>The first event of the build itself (starting an engine comes before it): the plan is made and the build is about to start.</summary>
public sealed record BuildStarted : BuildEvent
{
    /// <summary>The build's reference, <c>BUILDER/NODE/REF</c>.</summary>
    public required string BuildRef { get; init; }

    /// <summary>Which node builds what.</summary>
    public required BuildPlan Plan { get; init; }
}

/// <summary>A vertex was announced, started, ended, or was found in the cache. It carries the vertex's whole state.</summary>
public sealed record VertexChanged : BuildEvent
{
    /// <summary>The vertex's digest, its identity.</summary>
    public required string Digest { get; init; }

    /// <summary>Its name, for example <c>[1/3] FROM alpine</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Digests of the vertices whose results it uses.</summary>
    public IReadOnlyList<string> Inputs { get; init => field = Indexable.From(value); } = ShownList<string>.Empty;

    /// <summary>When it (last) started, by the engine's clock; null while it only is announced.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? Completed { get; init; }

    /// <summary>Whether the cache had its result.</summary>
    public bool Cached { get; init; }

    /// <summary>Why it failed; null if it did not.</summary>
    public string? Error { get; init; }

    /// <summary>The group that displays show it as; null for itself.</summary>
    public VertexGroup? Group { get; init; }
}

/// <summary>Vertices that displays show as one.</summary>
/// <remarks>A group is cached if all members are, and hidden until a member that is not weak starts.</remarks>
public sealed record VertexGroup
{
    /// <summary>The group's identity.</summary>
    public required string Id { get; init; }

    /// <summary>The group's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether this member alone does not make the group visible.</summary>
    public bool Weak { get; init; }
}

/// <summary>Part of a vertex's work moved on: a transfer, an extraction.</summary>
public sealed record VertexProgress : BuildEvent
{
    /// <summary>Digest of the vertex.</summary>
    public required string VertexDigest { get; init; }

    /// <summary>What moved on, unique in its vertex; it is also the text to show, for example <c>transferring context:</c>.</summary>
    public required string Id { get; init; }

    /// <summary>How far it is, in bytes or things; zero if it does not count.</summary>
    public long Current { get; init; }

    /// <summary>Where it ends; zero if not known.</summary>
    public long Total { get; init; }

    /// <summary>When the engine said so.</summary>
    public DateTimeOffset Timestamp { get; init; }

    /// <summary>When it started; null if it has not.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? Completed { get; init; }
}

/// <summary>A piece of a step's output, cut anywhere, even inside a character.</summary>
public sealed record VertexLog : BuildEvent
{
    /// <summary>Digest of the vertex.</summary>
    public required string VertexDigest { get; init; }

    /// <summary>1 for standard output, 2 for standard error.</summary>
    public int Stream { get; init; }

    /// <summary>The bytes, UTF-8 as a rule, with whatever escape codes the step printed.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>When the engine got them.</summary>
    public DateTimeOffset Timestamp { get; init; }
}

/// <summary>The frontend warned.</summary>
public sealed record VertexWarning : BuildEvent
{
    /// <summary>The warning.</summary>
    public required BuildWarning Warning { get; init; }
}

/// <summary>
/// A piece of an output that goes to the pipeline (<c>dest=-</c>), in order; the last one comes when the build has succeeded.
/// Going on in the stream of events is what asks for more.
/// </summary>
public sealed record OutputBytes : BuildEvent
{
    /// <summary>The bytes. They stay as they are.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }
}

/// <summary>The last event of a build that succeeded.</summary>
public sealed record BuildCompleted : BuildEvent
{
    /// <summary>What it produced.</summary>
    public required BuildResult Result { get; init; }
}

/// <summary>Nothing was heard for a moment. It carries no news: displays use it to catch up, and to let their clocks run.</summary>
public sealed record BuildPulse : BuildEvent;
