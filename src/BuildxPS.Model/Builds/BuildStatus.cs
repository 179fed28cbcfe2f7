namespace BuildxPS;

/// <summary>How a build ended.</summary>
public enum BuildStatus
{
    /// <summary>It did all that was asked.</summary>
    Completed,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It was cancelled.</summary>
    Canceled,
}
