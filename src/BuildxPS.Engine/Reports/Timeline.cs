using System.Globalization;

namespace BuildxPS.Engine.Reports;

/// <summary>When the steps of a build ran, as lanes to draw.</summary>
internal sealed record Timeline
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    // Clocks of machines that are kept right differ by less.
    private static readonly TimeSpan s_clockTolerance = TimeSpan.FromSeconds(2);

    private static readonly double[] s_tickSeconds =
    [
        .. Enumerable.Range(-3, 4).SelectMany(power => new[] { 1, 2, 5 }.Select(n => n * Math.Pow(10, power))),
        10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400,
    ];

    /// <summary>The lanes, those of one node and platform together.</summary>
    public required IReadOnlyList<LaneGroup> Groups { get; init; }

    /// <summary>The time that a whole lane stands for.</summary>
    public required TimeSpan Span { get; init; }

    /// <summary>Whether each node's steps begin at zero, because the nodes' clocks differ.</summary>
    public required bool IsByNode { get; init; }

    /// <summary>Marks along the time: where, in percent, and what they say.</summary>
    public IReadOnlyList<(double At, string Label)> Ticks
    {
        get
        {
            var step = s_tickSeconds.FirstOrDefault(s => Span.TotalSeconds / s <= 5, Span.TotalSeconds / 5);
            return [.. Enumerable.Range(0, 6).Select(i => i * step).Where(s => s <= Span.TotalSeconds).Select(s => (s / Span.TotalSeconds * 100, Label(s)))];
        }
    }

    /// <summary>Draws a build's steps.</summary>
    /// <param name="build">The build.</param>
    /// <param name="maxLanes">Most lanes to draw: of more steps, those that failed and those that took longest.</param>
    /// <returns>The lanes.</returns>
    public static Timeline Of(ReportedBuild build, int maxLanes)
    {
        var whole = SpanOf(build.Steps);
        var nodes = build.Steps.GroupBy(s => s.Node ?? "").ToDictionary(n => n.Key, n => SpanOf(n), StringComparer.Ordinal);
        var isByNode = nodes.Count > 1 && build.Duration is { } duration && whole.Length > duration + s_clockTolerance;
        var span = isByNode ? nodes.Values.Max(n => n.Length) : whole.Length;
        span = span > s_shortest ? span : s_shortest;
        var places = build.Platforms.Distinct().Select((p, i) => (p, i)).ToDictionary(p => p.p, p => p.i);
        var drawn = Choose(build.Steps, maxLanes);
        return new Timeline
        {
            Span = span,
            IsByNode = isByNode,
            Groups =
            [
                .. from node in build.Steps.GroupBy(s => s.Node ?? "")
                   from platform in node.GroupBy(s => s.Platform).OrderBy(p => p.Key is null ? -1 : places.GetValueOrDefault(p.Key, int.MaxValue))
                   select LaneGroup.Of(
                       build, node.First().Node, platform.Key, [.. platform], drawn, isByNode ? nodes[node.Key].Start : whole.Start, span),
            ],
        };
    }

    private static HashSet<BuildStep> Choose(IReadOnlyList<BuildStep> steps, int most)
        // By reference: steps may be alike, and comparing two compares what they printed.
        => new(
            steps.Count <= most ? steps
                : steps.OrderByDescending(s => s.Status == BuildStepStatus.Failed).ThenBy(s => s.IsCached).ThenByDescending(s => s.Duration).Take(most),
            ReferenceEqualityComparer.Instance);

    private static (DateTimeOffset Start, TimeSpan Length) SpanOf(IEnumerable<BuildStep> steps)
    {
        var started = steps.Where(s => s.Started is not null).ToList();
        if (started.Count == 0)
        {
            return (default, TimeSpan.Zero);
        }

        var start = started.Min(s => s.Started!.Value);
        return (start, started.Max(s => s.Completed ?? s.Started!.Value) - start);
    }

    private static string Label(double seconds) => seconds switch
    {
        0 => "0",
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.#}ms"),
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#}s"),
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(seconds / 60):0}m{(seconds % 60 is > 0 and var rest ? $" {rest:00}s" : "")}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(seconds / 3600):0}h{(seconds % 3600 is > 0 and var rest ? $" {rest / 60:00}m" : "")}"),
    };
}
