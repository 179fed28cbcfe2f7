namespace BuildxPS.Engine.Connections;

/// <summary>Everything that is needed to reach one engine.</summary>
internal sealed record EngineEndpoint
{
    /// <summary>The address, as docker writes it: <c>unix:///var/run/docker.sock</c>.</summary>
    public required string Address { get; init; }

    /// <summary>Certificates; null where the connection is not encrypted.</summary>
    public TlsMaterial? Tls { get; init; }

    /// <summary>Why this address and no other, for messages: <c>from DOCKER_HOST</c>.</summary>
    public string Origin { get; init; } = "";
}
