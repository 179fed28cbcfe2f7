namespace BuildxPS;

/// <summary>A named group of nodes that builds run on.</summary>
public sealed record Builder : BuilderArgument
{
    /// <summary>The builder's name.</summary>
    public required string Name { get; init; }

    /// <summary>How its engines are reached and kept: <c>docker</c> or <c>docker-container</c>; null where nothing answered.</summary>
    public string? Driver { get; init; }

    /// <summary>Its nodes.</summary>
    public IReadOnlyList<Node> Nodes { get; init => field = Indexable.From(value); } = ShownList<Node>.Empty;

    /// <summary>Whether a build without <c>-Builder</c> would use it.</summary>
    public bool IsCurrent { get; init; }

    /// <summary>Whether it stands for a docker context, with whose engine it comes and goes; it can be neither changed nor removed.</summary>
    public bool IsContext { get; init; }

    /// <summary>Whether its nodes come and go by themselves.</summary>
    public bool IsDynamic { get; init; }

    /// <summary>When it last built or was changed; null if never, or not known.</summary>
    public DateTimeOffset? LastActivity { get; init; }

    /// <summary>Why it could not be asked; null if it could.</summary>
    public string? Error { get; init; }

    /// <summary>What its nodes are: <see cref="NodeStatus.Running"/> if any runs.</summary>
    public NodeStatus Status => Nodes.Any(n => n.Status == NodeStatus.Running) ? NodeStatus.Running
        : Error is not null || Nodes.Any(n => n.Status == NodeStatus.Error) ? NodeStatus.Error
        : Nodes.Any(n => n.Status == NodeStatus.Stopped) ? NodeStatus.Stopped
        : NodeStatus.Inactive;

    /// <summary>All platforms of its nodes, each once, in their order.</summary>
    public IReadOnlyList<Platform> Platforms => Indexable.From(Nodes.SelectMany(n => n.Platforms).Distinct().ToArray());

    private protected override string Argument => Name;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
