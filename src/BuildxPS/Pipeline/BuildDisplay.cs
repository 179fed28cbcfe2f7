using System.Management.Automation;
using BuildxPS.Engine.Progress;

namespace BuildxPS.Pipeline;

/// <summary>Shows one build while it runs. This one shows nothing.</summary>
internal class BuildDisplay
{
    /// <summary>Shows what an event changes.</summary>
    public virtual void Show(BuildEvent buildEvent)
    {
    }

    /// <summary>Shows what is left, and takes away what must not stay. Not to be called once the pipeline stops.</summary>
    public virtual void Finish()
    {
    }
}

/// <summary>Shows a build as progress bars.</summary>
internal sealed class BarDisplay(Action<ProgressRecord> write, string? label, int place) : BuildDisplay
{
    /// <summary>More bars than one build has.</summary>
    private const int IdsOfOne = 16;

    private readonly ProgressBars _bars = new();

    /// <inheritdoc/>
    public override void Show(BuildEvent buildEvent) => Write(_bars.Handle(buildEvent));

    /// <inheritdoc/>
    public override void Finish() => Write(_bars.Finish());

    private void Write(IReadOnlyList<ProgressBar> bars)
    {
        foreach (var bar in bars)
        {
            var isTop = bar.ParentId < 0;
            write(new ProgressRecord(bar.Id + (place * IdsOfOne), isTop && label is not null ? $"{label}: {bar.Activity}" : bar.Activity, bar.Status)
            {
                ParentActivityId = isTop ? bar.ParentId : bar.ParentId + (place * IdsOfOne),
                CurrentOperation = bar.CurrentOperation,
                PercentComplete = bar.Percent,
                RecordType = bar.Completed ? ProgressRecordType.Completed : ProgressRecordType.Processing,
            });
        }
    }
}

/// <summary>Shows a build as lines.</summary>
internal sealed class LineDisplay(Action<string> write) : BuildDisplay
{
    private readonly PlainProgress _lines = new();

    /// <inheritdoc/>
    public override void Show(BuildEvent buildEvent) => Write(_lines.Handle(buildEvent));

    // The failed step's last output is part of the error record, and stands in the lines above already.
    /// <inheritdoc/>
    public override void Finish() => Write(_lines.Finish(withFailures: false));

    private void Write(IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
        {
            write(line);
        }
    }
}
