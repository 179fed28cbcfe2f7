namespace BuildxPS;

/// <summary>One output that a build wrote.</summary>
public sealed record BuildOutput
{
    /// <summary>The output's type as the user named it, for example <c>local</c>.</summary>
    public required string Type { get; init; }

    /// <summary>The file or folder that was written; null for an image.</summary>
    public string? Path { get; init; }

    /// <summary>Bytes of the file; null for a folder or an image.</summary>
    public long? Size { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Path is null ? Type : $"{Type}: {Path}";
}
