namespace BuildxPS.Engine.Progress;

/// <summary>Folds a build's events into the state of its steps.</summary>
public sealed class BuildTimeline
{
    /// <summary>More steps than any build has; what an engine sends beyond is not kept.</summary>
    private const int MaxSteps = 100_000;

    private readonly Dictionary<string, TimelineStep> _byDigest = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimelineStep> _groups = new(StringComparer.Ordinal);
    private readonly List<TimelineStep> _steps = [];

    /// <summary>
    /// The steps as they stand, each after those whose results it uses, else in the order in which they were first seen:
    /// an engine announces a build from its end.
    /// </summary>
    public IReadOnlyList<BuildStep> Steps => [.. InOrder().Where(s => !s.IsHidden).Select((s, i) => s.ToStep(i + 1))];

    /// <summary>The steps, those included that displays leave out.</summary>
    internal IReadOnlyList<TimelineStep> AllSteps => _steps;

    /// <summary>Takes an event.</summary>
    /// <param name="e">The event.</param>
    public void Handle(BuildEvent e) => Apply(e);

    /// <summary>Takes an event.</summary>
    /// <param name="e">The event.</param>
    /// <returns>The step of which a display has something new to show; null if there is nothing.</returns>
    internal TimelineStep? Apply(BuildEvent e)
    {
        switch (e)
        {
            case VertexChanged vertex:
                return StepOf(vertex) is { } changed && changed.Update(vertex) ? changed : null;
            case VertexProgress progress when Find(progress.VertexDigest) is { } moving:
                moving.Update(progress);
                return moving;
            default:
                return null;
        }
    }

    /// <summary>The step that a vertex is shown as.</summary>
    /// <param name="digest">The vertex's digest.</param>
    /// <returns>The step; null if the engine never announced the vertex.</returns>
    internal TimelineStep? Find(string digest) => _byDigest.GetValueOrDefault(digest);

    private List<TimelineStep> InOrder()
    {
        var ordered = new List<TimelineStep>(_steps.Count);
        var visited = new HashSet<TimelineStep>(_steps.Count);
        // Not recursive: how deep it goes is up to the engine, and so is whether it goes round in circles.
        var open = new Stack<(TimelineStep Step, IEnumerator<string> Inputs)>();
        foreach (var step in _steps.Where(visited.Add))
        {
            open.Push((step, step.Inputs.GetEnumerator()));
            while (open.TryPeek(out var top))
            {
                if (!top.Inputs.MoveNext())
                {
                    ordered.Add(open.Pop().Step);
                }
                else if (Find(top.Inputs.Current) is { } input && visited.Add(input))
                {
                    open.Push((input, input.Inputs.GetEnumerator()));
                }
            }
        }

        return ordered;
    }

    private TimelineStep? StepOf(VertexChanged vertex)
    {
        if (_byDigest.TryGetValue(vertex.Digest, out var known))
        {
            return known;
        }

        if (_byDigest.Count >= MaxSteps)
        {
            return null;
        }

        TimelineStep step;
        if (vertex.Group is null)
        {
            step = Add(vertex.Digest, vertex.Name, isGroup: false);
        }
        else if (!_groups.TryGetValue(vertex.Group.Id, out step!))
        {
            _groups[vertex.Group.Id] = step = Add(vertex.Group.Id, vertex.Group.Name, isGroup: true);
        }

        _byDigest[vertex.Digest] = step;
        return step;
    }

    private TimelineStep Add(string digest, string name, bool isGroup)
    {
        var step = new TimelineStep(_steps.Count + 1, digest, name, isGroup);
        _steps.Add(step);
        return step;
    }
}
