namespace BuildxPS.Engine.Reports;

/// <summary>One step to draw.</summary>
internal sealed record Lane
{
    // A step of a moment is still to be seen.
    private const double MinWidth = 0.4;

    /// <summary>The step.</summary>
    public required BuildStep Step { get; init; }

    /// <summary>When it started, after the beginning; null if it never did.</summary>
    public TimeSpan? Offset { get; init; }

    /// <summary>Where it begins, in percent of the whole.</summary>
    public double Start { get; init; }

    /// <summary>How long it is, in percent of the whole.</summary>
    public double Width { get; init; }

    /// <summary>Places a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="start">When the whole began.</param>
    /// <param name="span">How long the whole took; more than nothing.</param>
    /// <returns>The lane; it never leaves the whole, whatever an engine's clock said.</returns>
    public static Lane Of(BuildStep step, DateTimeOffset start, TimeSpan span)
    {
        if (step.Started is not { } started)
        {
            return new Lane { Step = step };
        }

        var (from, length) = ((started - start) / span * 100, ((step.Completed ?? started) - started) / span * 100);
        var width = Math.Clamp(length, MinWidth, 100);
        return new Lane { Step = step, Offset = started - start, Width = width, Start = Math.Clamp(from, 0, 100 - width) };
    }
}
