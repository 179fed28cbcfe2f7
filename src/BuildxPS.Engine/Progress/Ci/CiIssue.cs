namespace BuildxPS.Engine.Progress.Ci;

/// <summary>A warning or an error for a CI system.</summary>
internal sealed record CiIssue
{
    /// <summary>Whether it is an error.</summary>
    public bool IsError { get; init; }

    /// <summary>What is wrong; may have several lines.</summary>
    public required string Message { get; init; }

    /// <summary>The rule or the error's id; null where there is none.</summary>
    public string? Code { get; init; }

    /// <summary>The file that it is about, relative to the workspace where it is in there; null where it is about none.</summary>
    public string? File { get; init; }

    /// <summary>The first line that it is about, from 1; it means nothing without a file.</summary>
    public int Line { get; init; }

    /// <summary>The last line that it is about.</summary>
    public int EndLine { get; init; }
}
