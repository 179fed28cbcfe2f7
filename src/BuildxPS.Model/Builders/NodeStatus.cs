namespace BuildxPS;

/// <summary>State of a node, in buildx's words.</summary>
public enum NodeStatus
{
    /// <summary>Nothing is there yet, or nothing answers.</summary>
    Inactive,

    /// <summary>It is there but does not run.</summary>
    Stopped,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It could not be asked.</summary>
    Error,
}
