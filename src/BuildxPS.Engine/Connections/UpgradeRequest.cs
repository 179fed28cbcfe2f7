namespace BuildxPS.Engine.Connections;

/// <summary>An HTTP request that turns its connection into a byte tunnel.</summary>
internal sealed record UpgradeRequest
{
    /// <summary>The path, for example <c>/grpc</c>.</summary>
    public required string Path { get; init; }

    /// <summary>What the connection becomes: <c>h2c</c> or <c>tcp</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>More headers, in order; a name may stand more than once and is then sent as separate fields.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>A body in JSON; empty for none.</summary>
    public ReadOnlyMemory<byte> JsonBody { get; init; }

    /// <summary>Whether <c>200 OK</c> opens the tunnel too, as some daemons answer for exec.</summary>
    public bool AcceptsOk { get; init; }

    /// <summary>How long the answer's head may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);
}
