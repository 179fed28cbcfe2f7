namespace BuildxPS;

/// <summary>How a step of a build stands.</summary>
public enum BuildStepStatus
{
    /// <summary>Announced, not begun.</summary>
    Pending,

    /// <summary>Running.</summary>
    Running,

    /// <summary>Done.</summary>
    Completed,

    /// <summary>Done without work: the cache had it.</summary>
    Cached,

    /// <summary>Failed.</summary>
    Failed,

    /// <summary>Stopped because the build was cancelled or another step failed.</summary>
    Canceled,
}
