namespace BuildxPS.Engine.Progress;

/// <summary>One thing that moves in a step: a transfer, an extraction.</summary>
internal sealed class StepProgress(string text)
{
    /// <summary>What it is, harmless to show.</summary>
    public string Text { get; } = text;

    /// <summary>How far it is.</summary>
    public long Current { get; private set; }

    /// <summary>Where it ends; zero if not known.</summary>
    public long Total { get; private set; }

    /// <summary>When the engine last said something about it.</summary>
    public DateTimeOffset Timestamp { get; private set; }

    /// <summary>When it started.</summary>
    public DateTimeOffset? Started { get; private set; }

    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? Completed { get; private set; }

    /// <summary>Takes news.</summary>
    /// <param name="progress">The news.</param>
    public void Update(VertexProgress progress)
        => (Current, Total, Timestamp, Started, Completed)
            = (progress.Current, progress.Total, progress.Timestamp, progress.Started, progress.Completed);
}
