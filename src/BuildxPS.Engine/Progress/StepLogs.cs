using System.Text;

namespace BuildxPS.Engine.Progress;

/// <summary>What steps printed, for a build's result. What is kept is bounded for each step, and for all of them.</summary>
internal sealed class StepLogs
{
    private const int MaxOfStep = 1 << 20;
    private const int MaxOfAll = 16 << 20;

    private readonly Dictionary<string, (StringBuilder Text, bool IsCut)> _logs = new(StringComparer.Ordinal);
    private int _length;

    /// <summary>Takes lines of a step.</summary>
    /// <param name="digest">The step's digest.</param>
    /// <param name="lines">The lines.</param>
    public void Add(string digest, IReadOnlyList<LogLine> lines)
    {
        if (lines.Count == 0)
        {
            return;
        }

        var (text, isCut) = _logs.TryGetValue(digest, out var known) ? known : (new StringBuilder(), false);
        foreach (var line in lines)
        {
            if (text.Length + line.Text.Length >= MaxOfStep)
            {
                // Half at once, so that a long log is not moved for each of its lines; and whole lines.
                var half = text.ToString(text.Length / 2, text.Length - (text.Length / 2));
                var rest = half[(half.IndexOf('\n', StringComparison.Ordinal) + 1)..];
                _length -= text.Length - rest.Length;
                text.Clear().Append(rest);
                isCut = true;
            }

            if (_length + line.Text.Length >= MaxOfAll)
            {
                isCut = true;
                break;
            }

            // Whoever prints a log prints whole lines.
            text.Append(DisplayText.CleanWhole(line.Text)).Append('\n');
            _length += line.Text.Length + 1;
        }

        _logs[digest] = (text, isCut);
    }

    /// <summary>Adds what a step printed.</summary>
    /// <param name="step">The step.</param>
    /// <returns>The step with its log.</returns>
    public BuildStep AddTo(BuildStep step)
        => _logs.TryGetValue(step.Digest, out var log) ? step with { Log = log.Text.ToString().TrimEnd('\n'), IsLogCut = log.IsCut } : step;
}
