namespace BuildxPS.Engine.Builds.Planning;

/// <summary>What is known of a build's plan without starting anything.</summary>
public sealed record BuildPreview
{
    /// <summary>The plan; null where there is nothing to choose, or nothing is known of the only node.</summary>
    public BuildPlan? Plan { get; init; }

    /// <summary>Names of the nodes whose engines said what they run.</summary>
    public IReadOnlyList<string> Asked { get; init; } = [];

    /// <summary>What could not be found out, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Says what a node would build, and whether by itself or under an emulator.</summary>
    /// <param name="node">The node's part of the plan.</param>
    /// <returns>For example <c>linux/amd64 (native), linux/arm64 (emulated)</c>.</returns>
    public string Describe(NodePlan node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.Platforms.Count == 0 ? "its own platform" : string.Join(", ", node.Platforms.Select(p => p + Kind(node, p)));
    }

    private string Kind(NodePlan node, Platform platform)
        => node.Unlisted.Contains(platform) ? " (not listed)"
            : node.Foreign.Contains(platform) ? " (emulated)"
            : Asked.Contains(node.Node) ? " (native)"
            : "";
}
