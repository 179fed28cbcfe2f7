namespace BuildxPS.Engine.Progress;

/// <summary>A step as displays see it: a vertex, or a group of vertices shown as one.</summary>
internal sealed class TimelineStep
{
    private const int MaxProgressItems = 2048;
    private const int MaxMembers = 10_000;

    private readonly Dictionary<string, StepProgress> _progressById = new(StringComparer.Ordinal);
    private readonly List<StepProgress> _progress = [];
    private readonly Dictionary<string, VertexChanged>? _members;
    private IReadOnlyList<string> _inputs = [];

    public TimelineStep(int number, string digest, string name, bool isGroup)
    {
        Number = number;
        Digest = digest;
        Name = Shown(name);
        IsHidden = isGroup;
        _members = isGroup ? new(StringComparer.Ordinal) : null;
    }

    /// <summary>Place in the order in which steps were first seen, from 1.</summary>
    public int Number { get; }

    /// <summary>The vertex's digest, or the group's id.</summary>
    public string Digest { get; }

    /// <summary>The name, harmless to show.</summary>
    public string Name { get; private set; }

    /// <summary>Digests of the vertices whose results it uses.</summary>
    public IEnumerable<string> Inputs => _members is null ? _inputs : _members.Values.SelectMany(m => m.Inputs);

    /// <summary>Whether its result came from the cache.</summary>
    public bool Cached { get; private set; }

    /// <summary>Why it failed, as the engine said; null if it did not.</summary>
    public string? Error { get; private set; }

    /// <summary>When it ran.</summary>
    public Intervals Runs { get; } = new();

    /// <summary>Whether displays leave it out: a group of which no member that matters has started.</summary>
    public bool IsHidden { get; private set; }

    /// <summary>What moves in it, in the order in which it began.</summary>
    public IReadOnlyList<StepProgress> Progress => _progress;

    /// <summary>Whether it stopped because the build was cancelled or another step failed.</summary>
    public bool IsCanceled => Error?.EndsWith("context canceled", StringComparison.Ordinal) == true;

    /// <summary>Whether it failed by itself.</summary>
    public bool IsFailed => Error is not null && !IsCanceled;

    /// <summary>Whether it runs now.</summary>
    public bool IsRunning => Runs.IsStarted && !Runs.IsCompleted;

    /// <summary>How it stands.</summary>
    public BuildStepStatus Status
        => IsCanceled ? BuildStepStatus.Canceled
        : Error is not null ? BuildStepStatus.Failed
        : !Runs.IsStarted ? Cached ? BuildStepStatus.Cached : BuildStepStatus.Pending
        : !Runs.IsCompleted ? BuildStepStatus.Running
        : Cached ? BuildStepStatus.Cached
        : BuildStepStatus.Completed;

    /// <summary>Bytes that it moved, as far as it reported them.</summary>
    public long Bytes
    {
        get
        {
            var bytes = 0L;
            foreach (var item in _progress)
            {
                // Saturates: the numbers are an engine's.
                bytes = item.Current > 0 && item.Current > long.MaxValue - bytes ? long.MaxValue : bytes + Math.Max(0, item.Current);
            }

            return bytes;
        }
    }

    /// <summary>Takes a new state of the vertex, or of a member of the group.</summary>
    /// <param name="vertex">The state.</param>
    /// <returns>Whether a display has something new to show.</returns>
    public bool Update(VertexChanged vertex) => _members is null ? UpdateVertex(vertex) : UpdateMember(vertex);

    /// <summary>Takes news of something that moves in it.</summary>
    /// <param name="progress">The news.</param>
    public void Update(VertexProgress progress)
    {
        if (!_progressById.TryGetValue(progress.Id, out var item))
        {
            if (_progressById.Count >= MaxProgressItems)
            {
                return;
            }

            _progressById[progress.Id] = item = new StepProgress(DisplayText.Limit(DisplayText.Clean(progress.Id), 1024));
        }

        if (progress.Started is not null && item.Started is null)
        {
            _progress.Add(item);
        }

        item.Update(progress);
    }

    /// <summary>What moves in it under an id.</summary>
    /// <param name="id">The id.</param>
    /// <returns>Null if there is nothing, or it never started.</returns>
    public StepProgress? FindProgress(string id) => _progressById.TryGetValue(id, out var item) && item.Started is not null ? item : null;

    /// <summary>The step as a result reports it.</summary>
    /// <param name="number">Its place among the steps, from 1.</param>
    /// <returns>An immutable copy.</returns>
    public BuildStep ToStep(int number) => new()
    {
        Number = number,
        Name = Name,
        Digest = Digest,
        Stage = StepName.StageOf(Name),
        Platform = StepName.PlatformOf(Name),
        Status = Status,
        Started = Runs.FirstStarted,
        Completed = Runs.IsCompleted ? Runs.Current.Completed : null,
        Duration = Runs.Duration(),
        Bytes = Bytes,
        Error = Error is null ? null : string.Join('\n', DisplayText.CleanLines(Error)),
    };

    private static string Shown(string name) => DisplayText.Limit(DisplayText.Clean(name), 8192);

    private bool UpdateVertex(VertexChanged vertex)
    {
        if (vertex.Inputs.Count > 0)
        {
            _inputs = vertex.Inputs;
        }

        if (Runs.IsStarted && vertex.Started is null)
        {
            // The announcement of a vertex that has started already, by another part of the build: no news.
            return false;
        }

        var name = Shown(vertex.Name);
        var changed = name != Name || vertex.Cached != Cached || vertex.Error != Error;
        (Name, Cached, Error) = (name, vertex.Cached, string.IsNullOrEmpty(vertex.Error) ? null : vertex.Error);
        return vertex.Started is { } started && (Runs.Set(started, vertex.Completed) || changed);
    }

    private bool UpdateMember(VertexChanged vertex)
    {
        if (_members!.Count >= MaxMembers && !_members.ContainsKey(vertex.Digest))
        {
            return false;
        }

        _members[vertex.Digest] = vertex;
        var (wasHidden, wasCached, hadError) = (IsHidden, Cached, Error);
        var moved = vertex.Started is { } started && Runs.Set(started, vertex.Completed);
        Cached = _members.Values.All(m => m.Cached);
        Error = _members.Values.Select(m => m.Error).FirstOrDefault(e => !string.IsNullOrEmpty(e));
        IsHidden = IsHidden && Error is null && !(vertex.Started is not null && vertex.Group is { Weak: false });
        return !IsHidden && (moved || wasHidden || wasCached != Cached || hadError != Error);
    }
}
