namespace BuildxPS.Engine.Builds;

/// <summary>
/// Makes the events of one of several nodes its own: the nodes run equal vertices, and the same digest of two nodes is
/// not the same step.
/// </summary>
internal sealed class NodeEvents(string node)
{
    /// <summary>Translates an event.</summary>
    /// <param name="e">The event, as the node's engine told it.</param>
    /// <returns>The event, with the node in its digests and names.</returns>
    public BuildEvent Translate(BuildEvent e) => e switch
    {
        VertexChanged vertex => vertex with
        {
            Digest = Own(vertex.Digest),
            Name = Named(vertex.Name),
            Inputs = [.. vertex.Inputs.Select(Own)],
            Group = vertex.Group is { } group ? group with { Id = Own(group.Id), Name = Named(group.Name) } : null,
        },
        VertexProgress progress => progress with { VertexDigest = Own(progress.VertexDigest) },
        VertexLog log => log with { VertexDigest = Own(log.VertexDigest) },
        VertexWarning { Warning: { VertexDigest: { } digest } warning } => new VertexWarning { Warning = warning with { VertexDigest = Own(digest) } },
        _ => e,
    };

    private string Own(string digest) => $"{node}/{digest}";

    /// <summary>As buildx names the steps of one of several targets: in the brackets, where there are some.</summary>
    private string Named(string name) => name is ['[', .. var rest] ? $"[{node} {rest}" : $"[{node}] {name}";
}
