namespace BuildxPS;

/// <summary>One step in an image's history.</summary>
public sealed record ImageHistory
{
    /// <summary>When it was done; null where that is not stated.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>The instruction.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>A comment, for example <c>buildkit.dockerfile.v0</c>.</summary>
    public string Comment { get; init; } = "";

    /// <summary>Whether the step made no layer.</summary>
    public bool IsEmptyLayer { get; init; }

    /// <inheritdoc/>
    public override string ToString() => CreatedBy;
}
