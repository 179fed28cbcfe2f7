namespace BuildxPS;

/// <summary>Which node builds which platforms, decided before any work is done.</summary>
public sealed record BuildPlan
{
    /// <summary>The builder's name.</summary>
    public required string Builder { get; init; }

    /// <summary>The builder's driver.</summary>
    public required string Driver { get; init; }

    /// <summary>One entry a node that takes part.</summary>
    public required IReadOnlyList<NodePlan> Nodes { get; init => field = Indexable.From(value); }

    /// <inheritdoc/>
    public override string ToString() => string.Join("; ", Nodes);
}
