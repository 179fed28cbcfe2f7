namespace BuildxPS;

/// <summary>A warning of the frontend about the Dockerfile.</summary>
public sealed record BuildWarning
{
    /// <summary>The warning in one line, for example <c>FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)</c>.</summary>
    public required string Message { get; init; }

    /// <summary>What it means, in more words; empty if there are none.</summary>
    public string Detail { get; init; } = "";

    /// <summary>How much it weighs, as the frontend counts: 0 or 1 for a warning, more for less; 0 where it does not say.</summary>
    public int Level { get; init; }

    /// <summary>A page about it; null if there is none.</summary>
    public Uri? Url { get; init; }

    /// <summary>Where it is; null if the engine did not say.</summary>
    public SourceExcerpt? Source { get; init; }

    /// <summary>Digest of the vertex that it belongs to; null if it belongs to none.</summary>
    public string? VertexDigest { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Source is null ? Message : $"{Source}: {Message}";
}
