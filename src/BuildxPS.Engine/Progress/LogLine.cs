namespace BuildxPS.Engine.Progress;

/// <summary>One whole line that a step printed, harmless to show.</summary>
internal sealed record LogLine
{
    /// <summary>Digest of the vertex that printed it.</summary>
    public required string VertexDigest { get; init; }

    /// <summary>1 for standard output, 2 for standard error.</summary>
    public int Stream { get; init; }

    /// <summary>The line, without its end, escape codes and what a carriage return overwrote.</summary>
    public required string Text { get; init; }

    /// <summary>When the engine got its first piece.</summary>
    public DateTimeOffset Timestamp { get; init; }
}
