using System.Runtime.ExceptionServices;
using BuildxPS.Pipeline;

namespace BuildxPS.Commands;

// Builds under way, what is shown of them, and what becomes of them.
public sealed partial class InvokeBuildxBuildCommand
{
    private BuildQueue? _builds;
    private readonly Dictionary<string, string> _labels = new(StringComparer.Ordinal);
    private bool _hasSentBytes;
    private string? _builderOfFailure;
    private bool _ownOfFailure;

    /// <summary>Stops what is still under way where the pipeline ends early.</summary>
    public void Dispose() => _builds?.Dispose();

    /// <summary>What goes down the pipeline has to end with it: a second archive behind the first is no archive.</summary>
    private void RefuseMoreBytes(BuildRequest request)
    {
        if (request.Outputs.FirstOrDefault(o => o.Destination == "-") is { } bytes)
        {
            _hasSentBytes = _hasSentBytes
                ? throw new BuildxException(
                    BuildxFailure.OutputInvalid,
                    $"The output '{bytes}' of more than one build would go to the pipeline, where nobody could tell them apart.",
                    "Build one context at a time with dest=-, or give each build a file.")
                : true;
        }
    }

    /// <summary>Shows what happens, until fewer builds run than may, or what there is to show is shown.</summary>
    private void Pump(int limit)
    {
        while (_builds!.Running >= limit)
        {
            Handle(Run(_builds.TakeAsync));
        }

        while (_builds.TryTake(out var next))
        {
            Handle(next);
        }
    }

    private void Handle((QueuedBuild Build, BuildEvent? Event) next)
    {
        var (build, buildEvent) = next;
        if (buildEvent is null)
        {
            build.Display.Finish(build.Failure);
            WriteOutcomes();
            return;
        }

        build.Display.Show(buildEvent);
        switch (buildEvent)
        {
            case BuildStarted started:
                WriteVerbose($"Build {started.BuildRef} runs on builder '{started.Plan.Builder}' ({started.Plan.Driver} driver).");
                foreach (var node in started.Plan.Nodes)
                {
                    WriteVerbose($"Node {node}: {node.Reason}");
                }

                break;
            case VertexWarning { Warning: var warning } when build.Warned.Add(WarningText.Of(warning)):
                WriteWarning((build.Label is { } label ? $"{label}: " : "") + WarningText.Of(warning));
                break;
            case OutputBytes bytes:
                // One object a piece: programs and Set-Content -AsByteStream take them as they are.
                build.HasRoom();
                WriteObject(bytes.Data.ToArray());
                break;
            case BuildCompleted completed:
                WriteVerbose($"Build {completed.Result.BuildRef} completed.");
                build.Result = completed.Result with { ContextPath = build.Request.ContextPath.Length > 0 ? (string)build.Target : null };
                break;
        }
    }

    /// <summary>Hands out what is over, in the order of the input.</summary>
    private void WriteOutcomes()
    {
        while (_builds!.TryTakeOutcome(out var build))
        {
            (_builderOfFailure, _ownOfFailure) = (build!.Request.Builder.Name, build.HasOwnValues);
            if (build.Failure is BuildxException failure && IsFatal(failure.Failure))
            {
                Finish();
                (_builderOfFailure, _ownOfFailure) = (build.Request.Builder.Name, build.HasOwnValues);
            }

            ForInput(build.Target, () =>
            {
                if (build.Failure is { } error)
                {
                    ExceptionDispatchInfo.Throw(error);
                }

                if (build.Result!.Outputs.All(o => o.Path != "-"))
                {
                    WriteObject(build.Result);
                }
            });
        }
    }

    /// <summary>Lets builds that are under way come to their end: what ends the command is not theirs.</summary>
    private void Finish() => Pump(1);

    /// <summary>How many builds may run beside one: what all builds of a pipeline write to is written by one after the other.</summary>
    private int LimitOf(BuildRequest request)
        => request.ImageIdFile is not null || request.MetadataFile is not null || request.Outputs.Any(o => !string.IsNullOrEmpty(o.Destination)) || request.CacheTo.Any(c => c.Type == "local")
            ? 1
            : ThrottleLimit;

    /// <summary>What tells builds of one pipeline apart; null where there is one.</summary>
    private string? LabelOf(BuildRequest request)
    {
        if (!MyInvocation.ExpectingInput || TakesPipeline)
        {
            return null;
        }

        // An address may hold a key behind its question mark.
        var whole = System.IO.Path.TrimEndingDirectorySeparator(NameOf(request).Split('?', '#')[0]);
        // One folder may be built many times, with other parameters.
        var key = HasOwnValues ? $"{whole}\0{_labels.Count}" : whole;
        if (!_labels.TryGetValue(key, out var label))
        {
            label = System.IO.Path.GetFileName(whole) is { Length: > 0 } folder ? folder : whole;
            label = DisplayText.Line(label);
            label = _labels.ContainsValue(label) ? $"{label}-{_labels.Count + 1}" : label;
            _labels[key] = label;
        }

        return label;
    }
}
