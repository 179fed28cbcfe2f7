namespace BuildxPS.Engine.Engines;

/// <summary>What an engine wants a token for, as the registry told it in its challenge (distribution, "Token Authentication").</summary>
public sealed record TokenRequest
{
    /// <summary>The registry, as engines name it.</summary>
    public required string Host { get; init; }

    /// <summary>The token service's address.</summary>
    public required string Realm { get; init; }

    /// <summary>What the registry is to its token service; may be empty.</summary>
    public string Service { get; init; } = "";

    /// <summary>The rights wanted: <c>repository:library/alpine:pull</c>.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];
}
