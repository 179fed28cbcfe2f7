namespace BuildxPS;

/// <summary>What one node does in a build.</summary>
public sealed record NodePlan
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>The platforms that it builds; empty means its own, as a single image.</summary>
    public IReadOnlyList<Platform> Platforms { get; init => field = Indexable.From(value); } = ShownList<Platform>.Empty;

    /// <summary>Those of <see cref="Platforms"/> whose programs run under an emulator there, or not at all.</summary>
    public IReadOnlyList<Platform> Foreign { get; init => field = Indexable.From(value); } = ShownList<Platform>.Empty;

    /// <summary>Those of <see cref="Platforms"/> that the node's engine does not list: it may lack an emulator for them.</summary>
    public IReadOnlyList<Platform> Unlisted { get; init => field = Indexable.From(value); } = ShownList<Platform>.Empty;

    /// <summary>Why it was chosen, in words.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Platforms.Count == 0 ? Node : $"{Node}: {string.Join(", ", Platforms)}";
}
