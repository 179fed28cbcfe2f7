using System.Management.Automation;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Progress.Ci;

namespace BuildxPS.Pipeline;

/// <summary>What the cmdlets share that show an engine's work while it is under way.</summary>
public abstract class BuildxProgressCommand : BuildxCommand
{
    private ProgressMode _mode;
    private CiSystem? _ci;

    /// <summary>Creates the cmdlet. Only this module derives from it.</summary>
    private protected BuildxProgressCommand()
    {
    }

    /// <summary>How progress is shown.</summary>
    [Parameter]
    public ProgressMode Progress { get; set; }

    /// <summary>Whether a terminal keeps a line of each step that has ended.</summary>
    private protected virtual bool KeepsSteps => true;

    /// <summary>Decides how progress is shown, once for all inputs. Afterwards only a terminal leaves it at <see cref="ProgressMode.Auto"/>.</summary>
    private protected void ChooseProgress()
    {
        (_mode, _ci) = (Progress, null);
        if (_mode != ProgressMode.Auto)
        {
            return;
        }

        var variable = Environment.GetEnvironmentVariable("BUILDKIT_PROGRESS");
        if (!ProgressChoice.TryReadVariable(variable, out _mode, out var isTerminal))
        {
            WriteWarning($"BUILDKIT_PROGRESS is '{variable}', which is not offered here; progress is shown as if it were 'auto'.");
        }

        if (_mode == ProgressMode.Auto && !isTerminal && !ProgressChoice.IsTerminal(Host))
        {
            _mode = ProgressMode.Plain;
            _ci = CiSystem.Find(ClientEnvironment.Read());
        }
    }

    /// <summary>What shows one piece of work.</summary>
    /// <param name="label">What tells it apart from others; null where there is one.</param>
    /// <param name="place">Its place among those that are shown at the same time, from 0.</param>
    /// <param name="dockerfile">The Dockerfile that it is about; null where it is about none here.</param>
    private protected BuildDisplay CreateDisplay(string? label = null, int place = 0, string? dockerfile = null)
    {
        switch (_mode)
        {
            case ProgressMode.None:
                return new BuildDisplay();
            case ProgressMode.Plain when _ci is not null:
                return new CiDisplay(WriteLine, new CiLog(_ci, new CiLogOptions
                {
                    Label = label,
                    DockerfilePath = dockerfile,
                    ReportsWarnings = IsShown("WarningAction", "WarningPreference"),
                    ReportsErrors = IsShown("ErrorAction", "ErrorActionPreference"),
                }));
            case ProgressMode.Plain:
                return new LineDisplay(label is null ? WriteLine : line => WriteLine(line.Length == 0 ? line : $"{label} {line}"));
            default:
                return new TerminalDisplay(new ProgressTerminal(Host, WriteLine, WriteProgress), label, place, KeepsSteps && _mode == ProgressMode.Auto);
        }
    }

    /// <summary>Shows a stream of events to its end, a failure's too.</summary>
    private protected void Show(Func<CancellationToken, IAsyncEnumerable<BuildEvent>> stream)
    {
        var display = CreateDisplay();
        try
        {
            Consume(stream, display.Show);
        }
        catch (Exception e) when (e is not (PipelineStoppedException or OperationCanceledException))
        {
            // Whatever it is: a group that stays open would hide what is written next.
            display.Finish(e);
            throw;
        }

        display.Finish();
    }

    private bool IsShown(string parameter, string variable)
    {
        var preference = MyInvocation.BoundParameters.TryGetValue(parameter, out var given) ? given : GetVariableValue(variable);
        return !LanguagePrimitives.TryConvertTo<ActionPreference>(preference, out var action) || action is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
    }
}
