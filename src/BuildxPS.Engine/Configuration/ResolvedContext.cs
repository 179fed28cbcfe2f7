using BuildxPS.Engine.Connections;

namespace BuildxPS.Engine.Configuration;

/// <summary>A context that was chosen or listed, with everything to reach its engine.</summary>
internal sealed record ResolvedContext
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What its maker wrote about it.</summary>
    public string Description { get; init; } = "";

    /// <summary>How its engine is reached; null where <see cref="Failure"/> says why it cannot be.</summary>
    public EngineEndpoint? Endpoint { get; init; }

    /// <summary>Why it cannot be used; null if it can.</summary>
    public BuildxException? Failure { get; init; }
}
