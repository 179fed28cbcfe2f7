using System.Management.Automation;
using BuildxPS.Engine.Progress;

namespace BuildxPS.Pipeline;

/// <summary>Shows a build on a terminal: bars for what runs, above them a line for each step that has ended, and a summary.</summary>
/// <param name="terminal">Takes what is shown.</param>
/// <param name="label">What tells the build apart from others; null where there is one.</param>
/// <param name="place">Its place among those that are shown at the same time, from 0.</param>
/// <param name="keepsSteps">Whether something stays of a step that has ended.</param>
internal sealed class TerminalDisplay(ProgressTerminal terminal, string? label, int place, bool keepsSteps) : BuildDisplay
{
    /// <summary>More bars than one build has.</summary>
    private const int IdsOfOne = 16;

    private const int OutcomeWidth = 8;

    private readonly ProgressBars _bars = new();
    private readonly string _prefix = label is null ? "" : label + ": ";
    private BuildSummary? _summary;

    /// <inheritdoc/>
    public override void Show(BuildEvent buildEvent)
    {
        var bars = _bars.Handle(buildEvent);
        WriteEnded();
        Write(bars);
        _summary = buildEvent is BuildCompleted completed ? BuildSummary.Of(completed.Result, isDigestShort: true) : _summary;
    }

    /// <inheritdoc/>
    public override void Finish(Exception? failure = null)
    {
        WriteEnded(isOver: true);
        Write(_bars.Finish());
        if ((failure is BuildFailedException failed ? BuildSummary.Of(failed) : _summary) is { } summary)
        {
            var color = failure is null ? PSStyle.Instance.Foreground.Green : PSStyle.Instance.Foreground.Red;
            terminal.WriteLine(_prefix + terminal.Paint(summary.Outcome, color) + " " + summary.Facts);
        }
    }

    private static string ColorOf(BuildStepStatus status) => status switch
    {
        BuildStepStatus.Completed => PSStyle.Instance.Foreground.Green,
        BuildStepStatus.Cached => PSStyle.Instance.Foreground.Cyan,
        BuildStepStatus.Canceled => PSStyle.Instance.Foreground.Yellow,
        _ => PSStyle.Instance.Foreground.Red,
    };

    private void WriteEnded(bool isOver = false)
    {
        foreach (var step in _bars.TakeEnded(isOver))
        {
            if (keepsSteps)
            {
                var name = DisplayText.Limit(_prefix + step.Name, Math.Max(20, terminal.Width - OutcomeWidth - 3));
                terminal.WriteLine(new string(' ', Math.Max(0, OutcomeWidth - step.Outcome.Length)) + terminal.Paint(step.Outcome, ColorOf(step.Status)) + "  " + name);
            }
        }
    }

    private void Write(IReadOnlyList<ProgressBar> bars)
    {
        foreach (var bar in bars)
        {
            var isTop = bar.ParentId < 0;
            // PowerShell's own view of one line a bar leaves the current operation out.
            var isShort = PSStyle.Instance.Progress.View == ProgressView.Minimal && bar.CurrentOperation.Length > 0;
            terminal.WriteProgress(new ProgressRecord(bar.Id + (place * IdsOfOne), isTop ? _prefix + bar.Activity : bar.Activity, isShort ? $"{bar.Status} {bar.CurrentOperation}" : bar.Status)
            {
                ParentActivityId = isTop ? bar.ParentId : bar.ParentId + (place * IdsOfOne),
                CurrentOperation = bar.CurrentOperation,
                PercentComplete = bar.Percent,
                RecordType = bar.Completed ? ProgressRecordType.Completed : ProgressRecordType.Processing,
            });
        }
    }
}
