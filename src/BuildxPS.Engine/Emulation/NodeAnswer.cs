namespace BuildxPS.Engine.Emulation;

/// <summary>What a node of a builder gave: something that happened, a result, or why there is none.</summary>
/// <typeparam name="T">What a result is.</typeparam>
public sealed record NodeAnswer<T>
    where T : class
{
    /// <summary>The node's name; empty for an event.</summary>
    public string Node { get; init; } = "";

    /// <summary>What happened on the way; null for the others.</summary>
    public BuildEvent? Event { get; init; }

    /// <summary>A result; null for the others.</summary>
    public T? Result { get; init; }

    /// <summary>What the user should know though nothing failed; null for the others.</summary>
    public string? Warning { get; init; }

    /// <summary>Why the node gives no result, or not this one; null for the others.</summary>
    public BuildxException? Failure { get; init; }
}
