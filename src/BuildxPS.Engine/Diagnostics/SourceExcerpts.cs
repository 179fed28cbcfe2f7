namespace BuildxPS.Engine.Diagnostics;

/// <summary>Makes excerpts of what an engine says about places in files.</summary>
internal static class SourceExcerpts
{
    private const int MaxName = 1024;
    private const int MaxLine = 1_000_000;

    /// <summary>Makes an excerpt.</summary>
    /// <param name="fileName">The file's name.</param>
    /// <param name="text">Its text, clean; empty if not known.</param>
    /// <param name="ranges">First and last lines of the places, from 1; hostile until checked.</param>
    /// <returns>The first place that makes sense; null if none does.</returns>
    public static SourceExcerpt? Create(string fileName, string text, IEnumerable<(int First, int Last)> ranges)
    {
        var lines = text.Length == 0 ? MaxLine : text.AsSpan().Count('\n') + 1;
        foreach (var (first, last) in ranges)
        {
            if (first >= 1 && first <= lines)
            {
                return new SourceExcerpt
                {
                    FileName = DisplayText.Line(fileName, MaxName),
                    FirstLine = first,
                    LastLine = Math.Clamp(last, first, lines),
                    Text = text,
                };
            }
        }

        return null;
    }
}
