namespace BuildxPS;

/// <summary>A pod of a node in a kubernetes cluster.</summary>
public sealed record NodePod
{
    /// <summary>The pod's name.</summary>
    public required string Name { get; init; }

    /// <summary>How far it is: <c>Pending</c>, <c>Running</c>, <c>Terminating</c>, …</summary>
    public string Phase { get; init; } = "";

    /// <summary>Whether BuildKit answers in it.</summary>
    public bool IsReady { get; init; }

    /// <summary>The cluster's machine that it runs on; empty where it has none yet.</summary>
    public string Host { get; init; } = "";

    /// <summary>How often its containers were started again.</summary>
    public int Restarts { get; init; }

    /// <summary>Why it does not run, in the cluster's one word; empty where it does.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The same in the cluster's words.</summary>
    public string Message { get; init; } = "";

    /// <inheritdoc/>
    public override string ToString() => Reason.Length == 0 ? $"{Name} ({Phase})" : $"{Name} ({Phase}, {Reason})";
}
