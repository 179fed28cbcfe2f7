using BuildxPS.Engine.Progress;

namespace BuildxPS.Engine.Builds.Results;

/// <summary>Remembers of a build's events what its result, or its failure, reports.</summary>
internal sealed class BuildObserver
{
    private const int MaxWarnings = 1000;

    private readonly Lock _lock = new();
    private readonly BuildTimeline _timeline = new();
    private readonly LogLines _log = new();
    private readonly StepLogs _logs = new();
    private readonly List<BuildWarning> _warnings = [];

    /// <summary>The steps as they stand.</summary>
    public IReadOnlyList<BuildStep> Steps
    {
        get
        {
            lock (_lock)
            {
                return [.. _timeline.Steps.Select(_logs.AddTo)];
            }
        }
    }

    /// <summary>The warnings so far.</summary>
    public IReadOnlyList<BuildWarning> Warnings
    {
        get
        {
            lock (_lock)
            {
                return [.. _warnings];
            }
        }
    }

    /// <summary>Takes an event.</summary>
    /// <param name="e">The event.</param>
    public void Handle(BuildEvent e)
    {
        lock (_lock)
        {
            _timeline.Handle(e);
            switch (e)
            {
                case VertexLog log when _timeline.Find(log.VertexDigest) is { } step:
                    _logs.Add(step.Digest, _log.Add(log with { VertexDigest = step.Digest }));
                    break;
                case VertexChanged vertex when _timeline.Find(vertex.Digest) is { Runs.IsCompleted: true, Error: null } step:
                    _logs.Add(step.Digest, _log.Flush(step.Digest));
                    _log.Forget(step.Digest);
                    break;
                case VertexWarning warning when _warnings.Count < MaxWarnings && !_warnings.Contains(warning.Warning):
                    _warnings.Add(warning.Warning);
                    break;
            }
        }
    }

    /// <summary>The step that failed.</summary>
    /// <param name="digest">The vertex that the engine named; null if it named none.</param>
    /// <returns>That step, or the first that failed by itself; null if there is none.</returns>
    public BuildStep? FindFailed(string? digest)
    {
        lock (_lock)
        {
            var step = digest is null ? null : _timeline.Find(digest);
            var failed = (step ?? _timeline.AllSteps.FirstOrDefault(s => s.IsFailed))?.Digest;
            return failed is null ? null : _timeline.Steps.FirstOrDefault(s => s.Digest == failed);
        }
    }

    /// <summary>The last lines that a step printed, oldest first.</summary>
    /// <param name="digest">The step's digest.</param>
    /// <returns>The lines, harmless to show.</returns>
    public IReadOnlyList<string> LogTail(string digest)
    {
        lock (_lock)
        {
            _logs.Add(digest, _log.Flush(digest));
            return [.. _log.Tail(digest).Select(l => l.Text)];
        }
    }
}
