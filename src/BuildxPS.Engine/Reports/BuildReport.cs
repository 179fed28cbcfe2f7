namespace BuildxPS.Engine.Reports;

/// <summary>What one page says.</summary>
public sealed record BuildReport
{
    /// <summary>The page's title; null names it after its builds.</summary>
    public string? Title { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The builds, in the order in which they are shown.</summary>
    public required IReadOnlyList<ReportedBuild> Builds { get; init; }

    internal string Heading => !string.IsNullOrWhiteSpace(Title) ? Title
        : Builds is [var only] ? only.Name
        : $"{Builds.Count} builds";
}
