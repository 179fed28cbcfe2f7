using BuildxPS.Engine.Builders;

namespace BuildxPS.Engine.Emulation;

/// <summary>The nodes of a builder that a command is about.</summary>
internal static class NodeChoice
{
    /// <summary>Chooses them.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="names">Names of nodes; empty for all.</param>
    /// <returns>The nodes.</returns>
    /// <exception cref="BuildxException"><see cref="BuildxFailure.NodeNotFound"/>.</exception>
    public static IReadOnlyList<NodeHandle> Of(BuilderHandle builder, IReadOnlyList<string> names)
    {
        bool IsNamed(NodeHandle node, string name) => node.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
        if (names.FirstOrDefault(name => !builder.Nodes.Any(n => IsNamed(n, name))) is { } missing)
        {
            throw new BuildxException(
                BuildxFailure.NodeNotFound,
                $"The builder '{builder.Name}' has no node '{DisplayText.Line(missing)}'.",
                $"Its nodes are {string.Join(", ", builder.Nodes.Select(n => n.Name))}.");
        }

        return names.Count == 0 ? builder.Nodes : [.. builder.Nodes.Where(n => names.Any(name => IsNamed(n, name)))];
    }
}
