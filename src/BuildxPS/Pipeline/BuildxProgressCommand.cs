using System.Management.Automation;

namespace BuildxPS.Pipeline;

/// <summary>What the cmdlets share that show an engine's work while it is under way.</summary>
public abstract class BuildxProgressCommand : BuildxCommand
{
    private ProgressMode _mode;
    private bool _bars;

    /// <summary>Creates the cmdlet. Only this module derives from it.</summary>
    private protected BuildxProgressCommand()
    {
    }

    /// <summary>How progress is shown.</summary>
    [Parameter]
    public ProgressMode Progress { get; set; }

    /// <summary>Decides between bars, lines and nothing, once for all inputs.</summary>
    private protected void ChooseProgress()
    {
        _mode = Progress;
        var variable = Environment.GetEnvironmentVariable("BUILDKIT_PROGRESS");
        var bars = false;
        if (_mode == ProgressMode.Auto && !ProgressChoice.TryReadVariable(variable, out _mode, out bars))
        {
            WriteWarning($"BUILDKIT_PROGRESS is '{variable}', which is not offered here; progress is shown as if it were 'auto'.");
        }

        _bars = _mode == ProgressMode.Auto && (bars || ProgressChoice.IsTerminal(Host));
    }

    /// <summary>What shows one piece of work.</summary>
    /// <param name="label">What tells it apart from others; null where there is one.</param>
    /// <param name="place">Its place among those that are shown at the same time, from 0.</param>
    private protected BuildDisplay CreateDisplay(string? label = null, int place = 0) => _mode == ProgressMode.None ? new BuildDisplay()
        : _bars ? new BarDisplay(WriteProgress, label, place)
        : new LineDisplay(label is null ? WriteLine : line => WriteLine(line.Length == 0 ? line : $"{label} {line}"));

    /// <summary>Shows a stream of events to its end, a failure's too.</summary>
    private protected void Show(Func<CancellationToken, IAsyncEnumerable<BuildEvent>> stream)
    {
        var display = CreateDisplay();
        try
        {
            Consume(stream, display.Show);
        }
        catch (BuildxException)
        {
            display.Finish();
            throw;
        }

        display.Finish();
    }
}
