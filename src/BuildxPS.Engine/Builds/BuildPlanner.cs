namespace BuildxPS.Engine.Builds;

/// <summary>A node as a plan sees it.</summary>
internal sealed record NodeCandidate
{
    /// <summary>The node's name.</summary>
    public required string Name { get; init; }

    /// <summary>Platforms that the user assigned to it.</summary>
    public IReadOnlyList<Platform> Explicit { get; init; } = [];

    /// <summary>Platforms that its engine reports, its own first; empty where it was not asked.</summary>
    public IReadOnlyList<Platform> Reported { get; init; } = [];
}

/// <summary>Decides which node builds which platforms, by buildx's rules. Nothing is contacted.</summary>
internal static class BuildPlanner
{
    /// <summary>Whether a plan can be made without asking the engines which platforms they run.</summary>
    /// <param name="platforms">The wanted platforms.</param>
    /// <param name="nodes">The nodes; their reports are not needed.</param>
    /// <returns>True where nothing is wanted in particular, or the user assigned each platform to a node.</returns>
    public static bool NeedsNoReports(IReadOnlyList<Platform> platforms, IReadOnlyList<NodeCandidate> nodes)
        => platforms.All(p => nodes.Any(n => n.Explicit.Contains(p)));

    /// <summary>Makes a plan.</summary>
    /// <param name="builder">The builder's name.</param>
    /// <param name="driver">Its driver.</param>
    /// <param name="platforms">The wanted platforms; empty means the node's own.</param>
    /// <param name="nodes">The nodes, in order; at least one.</param>
    /// <returns>The plan.</returns>
    public static BuildPlan Plan(string builder, string driver, IReadOnlyList<Platform> platforms, IReadOnlyList<NodeCandidate> nodes)
        => new()
        {
            Builder = builder,
            Driver = driver,
            Nodes = platforms.Count == 0
                ? [new NodePlan { Node = nodes[0].Name, Reason = nodes.Count == 1 ? "the only node" : "the first node, since no platform was asked for" }]
                : Share(platforms, nodes),
        };

    private static List<NodePlan> Share(IReadOnlyList<Platform> platforms, IReadOnlyList<NodeCandidate> nodes)
    {
        var byAssignment = NeedsNoReports(platforms, nodes);
        var choices = platforms.Select(p => (Platform: p, Choice: byAssignment ? Assigned(p, nodes) : Nearest(p, nodes))).ToList();
        return [.. choices.GroupBy(c => c.Choice.Node).OrderBy(g => g.Key).Select(g => new NodePlan
        {
            Node = nodes[g.Key].Name,
            Platforms = [.. g.Select(c => c.Platform)],
            Foreign = [.. g.Where(c => IsForeign(c.Platform, nodes[g.Key])).Select(c => c.Platform)],
            Reason = nodes.Count == 1 && g.All(c => c.Choice.Fits && IsListed(c.Platform, nodes[0]))
                ? "the only node"
                : string.Join("; ", g.Select(c => Reason(c.Platform, c.Choice, nodes)).Distinct()),
        })];
    }

    private static (int Node, bool Fits, string Reason) Assigned(Platform platform, IReadOnlyList<NodeCandidate> nodes)
        => (nodes.Index().First(n => n.Item.Explicit.Contains(platform)).Index, true, $"{platform} is assigned to it");

    private static (int Node, bool Fits, string Reason) Nearest(Platform platform, IReadOnlyList<NodeCandidate> nodes)
    {
        (int Node, int Distance)? best = null;
        for (var i = 0; i < nodes.Count; i++)
        {
            // An earlier node keeps a platform unless a later one is strictly nearer.
            if (PlatformMatch.Distance(platform, nodes[i].Explicit.Concat(nodes[i].Reported)) is { } distance
                && (best is null || distance < best.Value.Distance))
            {
                best = (i, distance);
            }
        }

        return best switch
        {
            null when nodes.Count == 1 => (0, false, $"the only node, although its engine does not list {platform}"),
            null => (0, false, $"no node lists {platform}, so the first one tries"),
            ({ } node, 0) => (node, true, $"it lists {platform}"),
            ({ } node, _) => (node, true, $"it lists a platform that fits {platform}"),
        };
    }

    private static string Reason(Platform platform, (int Node, bool Fits, string Reason) choice, IReadOnlyList<NodeCandidate> nodes)
        => choice.Fits && !IsListed(platform, nodes[choice.Node]) ? $"{choice.Reason}, although its engine does not list it" : choice.Reason;

    /// <summary>Whether a node's engine says that it runs a platform; an engine that was not asked is believed.</summary>
    private static bool IsListed(Platform platform, NodeCandidate node)
        => node.Reported.Count == 0 || PlatformMatch.Distance(platform, node.Reported) is not null;

    private static bool IsForeign(Platform platform, NodeCandidate node)
        => node.Reported.Count > 0 && !PlatformMatch.IsNative(platform, node.Reported[0]);
}
