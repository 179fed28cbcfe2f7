namespace BuildxPS.Engine.Reports;

/// <summary>How much of what steps printed goes on a page: enough to read, not so much that no browser opens it.</summary>
internal sealed class LogBudget
{
    private const int MaxLines = 200;
    private const int MaxLine = 1000;
    private int _left = 2 << 20;

    /// <summary>Takes the last lines of a log, as far as there is room for them.</summary>
    /// <param name="log">The log.</param>
    /// <param name="lines">Lines, oldest first, each clean.</param>
    /// <returns>Whether lines are missing before them.</returns>
    public bool Take(string log, out IReadOnlyList<string> lines)
    {
        var taken = new List<string>();
        var end = log.AsSpan().TrimEnd('\n').Length;
        while (end > 0 && taken.Count < MaxLines && _left > 0)
        {
            var start = log.LastIndexOf('\n', end - 1) + 1;
            // What is cut away of a line is not even looked at: one line may be all of a large log.
            var line = DisplayText.Limit(DisplayText.Clean(log.Substring(start, Math.Min(end - start, MaxLine * 8)).TrimEnd('\r')), MaxLine);
            taken.Add(line);
            _left -= line.Length + 1;
            end = start - 1;
        }

        taken.Reverse();
        lines = taken;
        return end > 0;
    }
}
