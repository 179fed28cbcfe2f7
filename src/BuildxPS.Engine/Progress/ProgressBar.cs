namespace BuildxPS.Engine.Progress;

/// <summary>One progress bar to show, change or take away: what PowerShell's progress records hold.</summary>
public sealed record ProgressBar
{
    /// <summary>The bar's id; used again for a later step.</summary>
    public required int Id { get; init; }

    /// <summary>Id of the bar that it is shown below; -1 for the top one.</summary>
    public int ParentId { get; init; } = -1;

    /// <summary>What goes on; never empty.</summary>
    public required string Activity { get; init; }

    /// <summary>How far it is, in words; never empty.</summary>
    public required string Status { get; init; }

    /// <summary>What it does at the moment; empty if there is nothing to say.</summary>
    public string CurrentOperation { get; init; } = "";

    /// <summary>How far it is, from 0 to 100; -1 if not known.</summary>
    public int Percent { get; init; } = -1;

    /// <summary>Whether the bar goes away.</summary>
    public bool Completed { get; init; }
}
