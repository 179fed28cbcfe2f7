using System.Collections.Concurrent;

namespace BuildxPS.Pipeline;

/// <summary>What is done with registries, noted on any thread until the pipeline's own can say it. Only the newest lines are kept.</summary>
internal sealed class RegistryLog
{
    private const int MaxLines = 10_000;

    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>Notes a line.</summary>
    /// <param name="line">A line without secrets.</param>
    public void Add(string line)
    {
        _lines.Enqueue(line);
        if (_lines.Count > MaxLines)
        {
            _ = _lines.TryDequeue(out _);
        }
    }

    /// <summary>Takes the lines so far.</summary>
    /// <returns>The lines.</returns>
    public IEnumerable<string> Take()
    {
        while (_lines.TryDequeue(out var line))
        {
            yield return line;
        }
    }
}
