namespace BuildxPS.Engine.Builds.Planning;

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

/// <summary>
/// Decides which node builds which platforms. As in buildx, but that a later node's own processor is preferred to an
/// earlier node's emulator, and equal nodes share the platforms. Nothing is contacted.
/// </summary>
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
        var loads = new int[nodes.Count];
        var choices = new List<(Platform Platform, Choice Choice)>();
        foreach (var platform in platforms)
        {
            var choice = Choose(platform, nodes, loads);
            loads[choice.Node]++;
            choices.Add((platform, choice));
        }

        return [.. choices.GroupBy(c => c.Choice.Node).OrderBy(g => g.Key).Select(g => Describe(nodes, nodes[g.Key], [.. g]))];
    }

    private static NodePlan Describe(IReadOnlyList<NodeCandidate> nodes, NodeCandidate node, IReadOnlyList<(Platform Platform, Choice Choice)> choices) => new()
    {
        Node = node.Name,
        Platforms = [.. choices.Select(c => c.Platform)],
        Foreign = [.. choices.Where(c => IsForeign(c.Platform, node)).Select(c => c.Platform)],
        Unlisted = [.. choices.Where(c => !IsListed(c.Platform, node)).Select(c => c.Platform)],
        Reason = nodes.Count == 1 && choices.All(c => IsListed(c.Platform, node))
            ? "the only node"
            : string.Join("; ", choices.Select(c => Reason(c.Platform, c.Choice, node, nodes)).Distinct()),
    };

    /// <summary>
    /// Assigned before native before emulated, then the nearest variant; of nodes that are equal in that, the one with the
    /// least to do, and then the first.
    /// </summary>
    private static Choice Choose(Platform platform, IReadOnlyList<NodeCandidate> nodes, int[] loads)
    {
        Choice? best = null;
        for (var i = 0; i < nodes.Count; i++)
        {
            if (Rate(platform, nodes[i]) is { } fit && (best is null || IsBetter(fit, loads[i], best.Value.Fit!.Value, loads[best.Value.Node])))
            {
                best = new Choice(i, fit);
            }
        }

        return best ?? new Choice(0, null);
    }

    private static (Suitability Kind, int Distance)? Rate(Platform platform, NodeCandidate node)
    {
        if (PlatformMatch.Distance(platform, node.Explicit) is { } assigned)
        {
            return (Suitability.Assigned, assigned);
        }

        return PlatformMatch.Distance(platform, node.Reported) is { } distance
            ? (IsForeign(platform, node) ? Suitability.Emulated : Suitability.Native, distance)
            : null;
    }

    private static bool IsBetter((Suitability Kind, int Distance) fit, int load, (Suitability Kind, int Distance) best, int bestLoad)
        => fit.CompareTo(best) is var order && (order < 0 || (order == 0 && load < bestLoad));

    private static string Reason(Platform platform, Choice choice, NodeCandidate node, IReadOnlyList<NodeCandidate> nodes)
    {
        var reason = choice.Fit switch
        {
            null when nodes.Any(n => n.Reported.Count == 0) => $"no node is known yet to run {platform}, so the first one would try",
            null when nodes.Count == 1 => $"the only node, although its engine does not list {platform}",
            null => $"no node lists {platform}, so the first one tries",
            (Suitability.Assigned, 0) => $"{platform} is assigned to it",
            (Suitability.Assigned, _) => $"a platform that fits {platform} is assigned to it",
            (Suitability.Native, 0) => $"it runs {platform} by itself",
            (Suitability.Native, _) => $"it runs a platform that fits {platform} by itself",
            (_, 0) => $"it lists {platform}, under an emulator",
            _ => $"it lists a platform that fits {platform}, under an emulator",
        };
        return choice.Fit is null || IsListed(platform, node) ? reason : $"{reason}, although its engine does not list it";
    }

    /// <summary>Whether a node's engine says that it runs a platform; an engine that was not asked is believed.</summary>
    private static bool IsListed(Platform platform, NodeCandidate node)
        => node.Reported.Count == 0 || PlatformMatch.Distance(platform, node.Reported) is not null;

    private static bool IsForeign(Platform platform, NodeCandidate node)
        => node.Reported.Count > 0 && !PlatformMatch.IsNative(platform, node.Reported[0]);

    private enum Suitability
    {
        Assigned,
        Native,
        Emulated,
    }

    private readonly record struct Choice(int Node, (Suitability Kind, int Distance)? Fit);
}
