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
    /// <param name="failure">Why the build failed; null where it did not.</param>
    public virtual void Finish(Exception? failure = null)
    {
    }
}

/// <summary>Shows a build as lines.</summary>
internal sealed class LineDisplay(Action<string> write) : BuildDisplay
{
    private readonly PlainProgress _lines = new();
    private BuildSummary? _summary;

    /// <inheritdoc/>
    public override void Show(BuildEvent buildEvent)
    {
        Write(_lines.Handle(buildEvent));
        _summary = buildEvent is BuildCompleted completed ? BuildSummary.Of(completed.Result) : _summary;
    }

    // The failed step's last output is part of the error record, and stands in the lines above already.
    /// <inheritdoc/>
    public override void Finish(Exception? failure = null)
    {
        Write(_lines.Finish(withFailures: false));
        if ((failure is BuildFailedException failed ? BuildSummary.Of(failed) : _summary) is { } summary)
        {
            Write(["", summary.ToString()]);
        }
    }

    private void Write(IReadOnlyList<string> lines)
    {
        foreach (var line in lines)
        {
            write(line);
        }
    }
}
