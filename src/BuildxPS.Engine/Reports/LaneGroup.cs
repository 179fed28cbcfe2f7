namespace BuildxPS.Engine.Reports;

/// <summary>The steps of one node for one platform.</summary>
internal sealed record LaneGroup
{
    /// <summary>The node; null for what this client did.</summary>
    public string? Node { get; init; }

    /// <summary>The platform; null for what belongs to none, or to all.</summary>
    public Platform? Platform { get; init; }

    /// <summary>Whether the platform is not the node's own, so that its programs were emulated.</summary>
    public bool IsForeign { get; init; }

    /// <summary>What is drawn, in the order of the steps.</summary>
    public required IReadOnlyList<Lane> Lanes { get; init; }

    /// <summary>The steps that are not drawn.</summary>
    public required IReadOnlyList<BuildStep> LeftOut { get; init; }

    /// <summary>How many steps there are, drawn or not.</summary>
    public required int Count { get; init; }

    /// <summary>How many of them came from the cache.</summary>
    public required int Cached { get; init; }

    /// <summary>Time that they took, one after the other.</summary>
    public required TimeSpan Work { get; init; }

    /// <summary>Puts a group together.</summary>
    /// <param name="build">The build.</param>
    /// <param name="node">The node.</param>
    /// <param name="platform">The platform.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="drawn">The steps to draw, among others.</param>
    /// <param name="start">When the whole began.</param>
    /// <param name="span">How long the whole took.</param>
    /// <returns>The group.</returns>
    public static LaneGroup Of(
        ReportedBuild build, string? node, Platform? platform, IReadOnlyList<BuildStep> steps, HashSet<BuildStep> drawn, DateTimeOffset start, TimeSpan span) => new()
        {
            Node = node,
            Platform = platform,
            IsForeign = platform is not null && build.Nodes.Any(n => n.Node == node && n.Foreign.Contains(platform)),
            Lanes = [.. steps.Where(drawn.Contains).Select(s => Lane.Of(s, start, span))],
            LeftOut = [.. steps.Where(s => !drawn.Contains(s))],
            Count = steps.Count,
            Cached = steps.Count(s => s.IsCached),
            Work = Sum(steps),
        };

    /// <summary>Time that steps took, one after the other.</summary>
    /// <param name="steps">The steps.</param>
    /// <returns>The sum.</returns>
    public static TimeSpan Sum(IReadOnlyList<BuildStep> steps)
        // As a number that saturates: the times are an engine's.
        => TimeSpan.FromSeconds(Math.Min(steps.Sum(s => s.Duration.TotalSeconds), TimeSpan.MaxValue.TotalSeconds / 2));
}
