namespace BuildxPS.Engine.Reports;

/// <summary>
/// How much of what steps printed goes on a page: enough to read, not so much that no browser opens it. Every build has its part
/// of the room, and what it leaves goes to those after it. What steps that failed printed has room of its own.
/// </summary>
/// <param name="builds">How many builds the page has.</param>
/// <param name="failures">How many of them failed.</param>
internal sealed class LogBudget(int builds, int failures)
{
    private const int MaxLines = 200;
    private const int MaxLine = 1000;

    private int _builds = builds;
    private int _failures = failures;
    private long _left = 2 << 20;
    private long _leftOfFailures = 2 << 20;
    private long _room;
    private long _roomOfFailure;

    /// <summary>Goes on to the next build.</summary>
    /// <param name="isFailure">Whether it failed.</param>
    public void Next(bool isFailure)
    {
        _room = _left / Math.Max(1, _builds--);
        _roomOfFailure = isFailure ? _leftOfFailures / Math.Max(1, _failures--) : 0;
    }

    /// <summary>Takes the last lines of a log, as far as there is room for them.</summary>
    /// <param name="page">Where they will be written.</param>
    /// <param name="log">The log.</param>
    /// <param name="isOfFailure">Whether they say why the build failed.</param>
    /// <param name="lines">Lines, oldest first, each clean.</param>
    /// <returns>Whether lines are missing before them.</returns>
    public bool Take(Markup page, string log, bool isOfFailure, out IReadOnlyList<string> lines)
    {
        var isFirst = isOfFailure && _roomOfFailure > 0;
        var room = Math.Min(page.Room, isFirst ? _roomOfFailure : _room);
        var taken = new List<string>();
        long used = 0;
        var end = log.AsSpan().TrimEnd('\n').Length;
        while (end > 0 && taken.Count < MaxLines)
        {
            var start = log.LastIndexOf('\n', end - 1) + 1;
            // What is cut away of a line is not even looked at: one line may be all of a large log.
            var line = DisplayText.Limit(DisplayText.Clean(log.Substring(start, Math.Min(end - start, MaxLine * 8)).TrimEnd('\r')), MaxLine);
            var length = Markup.LengthOf(line) + 1;
            if (used + length > room)
            {
                break;
            }

            taken.Add(line);
            used += length;
            end = start - 1;
        }

        Spend(used, isFirst);
        taken.Reverse();
        lines = taken;
        return end > 0;
    }

    /// <summary>Writes lines that were taken, and says where some are missing.</summary>
    /// <param name="page">Takes them.</param>
    /// <param name="lines">The lines.</param>
    /// <param name="isCut">Whether lines are missing before them.</param>
    public static void Write(Markup page, IReadOnlyList<string> lines, bool isCut)
    {
        if (isCut)
        {
            page.Element("p", "note", lines.Count == 0 ? "What it printed is left out." : "Earlier lines are left out.");
        }

        if (lines.Count > 0)
        {
            page.Lines(lines, "log");
        }
    }

    private void Spend(long used, bool isOfFailure)
    {
        if (isOfFailure)
        {
            _roomOfFailure -= used;
            _leftOfFailures -= used;
        }
        else
        {
            _room -= used;
            _left -= used;
        }
    }
}
