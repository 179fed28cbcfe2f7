using System.Text.RegularExpressions;

namespace BuildxPS.Engine.Reports;

/// <summary>Writes when the steps of a build ran, and which took longest.</summary>
internal static partial class TimelineSection
{
    private const int MaxSlowest = 5;
    private const int MaxGroups = 100;
    private const int MaxName = 240;
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(0.05);

    /// <summary>Writes the steps that took longest; nothing where none took time.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="build">The build.</param>
    /// <param name="timeline">When its steps ran.</param>
    public static void WriteSlowest(Markup page, ReportedBuild build, Timeline timeline)
    {
        var slowest = build.Steps.Where(s => !s.IsCached && s.Duration >= s_slow).OrderByDescending(s => s.Duration).Take(MaxSlowest).ToList();
        if (slowest.Count == 0 || page.IsFull)
        {
            return;
        }

        page.Element("section", null, () =>
        {
            page.Element("h3", null, "Where the time went");
            page.Element("table", "cards", () =>
            {
                page.Element("caption", null, slowest.Count == 1 ? "The slowest step" : $"The {slowest.Count} slowest steps");
                page.Element("thead", null, () => page.Element("tr", null, () =>
                {
                    page.Element("th", null, "Step", ("scope", "col"));
                    page.Element("th", "number", "Time", ("scope", "col"));
                    page.Element("th", "number", "Of the build", ("scope", "col"));
                }));
                page.Element("tbody", null, () => page.Each(slowest, MaxSlowest, step => page.Element("tr", null, () =>
                {
                    page.Element("th", "wide", () => WriteName(page, step, withPlace: build.Nodes.Count > 1), ("scope", "row"));
                    page.Element("td", "number", Labels.Time(step.Duration), ("data-label", "Time"));
                    page.Element(
                        "td", "number", Labels.Share(step.Duration.TotalSeconds, Math.Max(step.Duration.TotalSeconds, timeline.Span.TotalSeconds)), ("data-label", "Of the build"));
                })));
            });
        });
    }

    /// <summary>Writes when the steps ran.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="timeline">When they ran.</param>
    /// <param name="number">The build's place among the builds, from 1.</param>
    /// <param name="logs">How much of logs goes on the page.</param>
    public static void Write(Markup page, Timeline timeline, int number, LogBudget logs) => page.Element("section", "timeline", () =>
    {
        page.Element("h3", null, "Timeline");
        WriteLegend(page);
        if (timeline.IsByNode)
        {
            page.Element("p", "note", "The clocks of the nodes differ, so the steps of each node begin at its own zero.");
        }

        WriteAxis(page, timeline, number);
        var hasPlatforms = timeline.Groups.Any(g => g.Platform is not null);
        page.LeftOut(page.Each(timeline.Groups, MaxGroups, group => WriteGroup(page, group, isForAll: group.Platform is null && hasPlatforms, number, logs)));
    });

    private static void WriteLegend(Markup page) => page.Element("ul", "legend", () =>
    {
        foreach (var (style, word) in new[] { ("ran", "ran"), ("cached", "from the cache"), ("failed", "failed"), ("stopped", "stopped") })
        {
            page.Element("li", null, () =>
            {
                page.Element("svg", "key", () => WriteMark(page, style, 0, 100), ("aria-hidden", "true"));
                page.Text(word);
            });
        }
    });

    // Drawn once and used by every lane: a page of many lanes would be mostly lines otherwise.
    private static void WriteAxis(Markup page, Timeline timeline, int number) => page.Element("div", "axis", () => page.Element("svg", null, () =>
    {
        page.Element("defs", null, () => page.Element("g", "grid", () =>
        {
            foreach (var (at, _) in timeline.Ticks)
            {
                page.Empty("line", null, ("x1", Markup.Percent(at)), ("x2", Markup.Percent(at)), ("y1", "0"), ("y2", "100%"));
            }
        }, ("id", $"grid-{number}")));
        foreach (var (at, label) in timeline.Ticks)
        {
            page.Element("text", null, label, ("x", Markup.Percent(at)), ("y", "13"), ("text-anchor", at == 0 ? "start" : at > 92 ? "end" : "middle"));
        }
    }, ("aria-hidden", "true")));

    private static void WriteGroup(Markup page, LaneGroup group, bool isForAll, int number, LogBudget logs) => page.Element("table", "lanes", () =>
    {
        page.Element("caption", null, () =>
        {
            page.Element("span", "where", group.Node ?? "This client");
            page.Raw(" ");
            if (group.Platform is not null || isForAll)
            {
                page.Element("span", "platform", group.Platform?.ToString() ?? "all platforms");
                page.Raw(" ");
            }

            if (group.IsForeign)
            {
                page.Element("span", "tag", "emulated", ("title", "Not this node's own platform: its programs run under an emulator."));
                page.Raw(" ");
            }

            page.Element("span", "sum", $"{Labels.Count(group.Count, "step")}{(group.Cached > 0 ? $", {Labels.Count(group.Cached)} cached" : "")}, {Labels.Time(group.Work)} of work");
        });
        page.Element("colgroup", null, () =>
        {
            page.Empty("col", "name");
            page.Empty("col", null);
            page.Empty("col", "time");
        });
        page.Element("thead", "hidden", () => page.Element("tr", null, () =>
        {
            page.Element("th", null, "Step", ("scope", "col"));
            page.Element("th", null, "When", ("scope", "col"));
            page.Element("th", null, "Time", ("scope", "col"));
        }));
        page.Element("tbody", null, () =>
        {
            var more = page.Each(group.Lanes, group.Lanes.Count, lane => WriteLane(page, lane, number, logs));
            var leftOut = group.LeftOut.Concat(group.Lanes.TakeLast(more).Select(l => l.Step)).ToList();
            if (leftOut.Count > 0)
            {
                page.Element("tr", null, () => page.Element("td", "note", LeftOut(leftOut), ("colspan", "3")));
            }
        });
    });

    private static string LeftOut(List<BuildStep> steps)
        => $"{Labels.Count(steps.Count, "more step")} not drawn, {Labels.Count(steps.Count(s => s.IsCached))} of them cached; none took longer than {Labels.Time(steps.Max(s => s.Duration))}, all together {Labels.Time(LaneGroup.Sum(steps))}.";

    private static void WriteLane(Markup page, Lane lane, int number, LogBudget logs)
    {
        var (style, word) = Look(lane.Step);
        page.Element("tr", style, () =>
        {
            page.Element("th", null, () => WriteStep(page, lane.Step, logs), ("scope", "row"));
            page.Element("td", "track", () => page.Element("svg", null, () =>
            {
                page.Element("title", null, lane.Offset is { } offset ? $"{word}; started {Labels.Time(offset)} after the beginning, took {Labels.Time(lane.Step.Duration)}" : word);
                page.Empty("use", null, ("href", $"#grid-{number}"));
                if (lane.Offset is not null)
                {
                    WriteMark(page, style, lane.Start, lane.Width);
                }
            }, ("role", "img")));
            page.Element("td", "time", lane.Step.Status switch
            {
                BuildStepStatus.Completed => Labels.Time(lane.Step.Duration),
                BuildStepStatus.Cached or BuildStepStatus.Pending => word,
                _ => $"{word} {Labels.Time(lane.Step.Duration)}",
            });
        });
    }

    private static (string Style, string Word) Look(BuildStep step) => step.Status switch
    {
        BuildStepStatus.Cached => ("cached", "cached"),
        BuildStepStatus.Failed => ("failed", "✕ failed"),
        BuildStepStatus.Canceled => ("stopped", "stopped"),
        BuildStepStatus.Pending => ("pending", "not run"),
        BuildStepStatus.Running => ("ran", "not ended"),
        _ => ("ran", "ran"),
    };

    private static void WriteMark(Markup page, string style, double start, double width)
    {
        if (style == "cached")
        {
            page.Empty("circle", style, ("cx", Markup.Percent(Math.Clamp(start + (width / 2), 0, 100))), ("cy", "50%"), ("r", "4"));
        }
        else
        {
            page.Empty("rect", style, ("x", Markup.Percent(start)), ("width", Markup.Percent(width)), ("y", "15%"), ("height", "70%"), ("rx", "2"));
        }
    }

    private static void WriteStep(Markup page, BuildStep step, LogBudget logs)
    {
        var isCut = logs.Take(page, step.Log, isOfFailure: step.Status == BuildStepStatus.Failed, out var lines);
        if (lines.Count == 0 && !isCut && step.Error is null && step.Name.Length <= MaxName)
        {
            WriteName(page, step, withPlace: false);
            return;
        }

        page.Element("details", null, () =>
        {
            page.Element("summary", null, () => WriteName(page, step, withPlace: false));
            if (step.Name.Length > MaxName)
            {
                page.Element("p", "detail", step.Name);
            }

            if (step.Error is not null)
            {
                page.Element("p", "detail", () => page.Plain(DisplayText.Lines(step.Error, Markup.MaxText)));
            }

            LogBudget.Write(page, lines, isCut || step.IsLogCut);
        });
    }

    private static void WriteName(Markup page, BuildStep step, bool withPlace)
    {
        // All of a digest is as long as a line, and tells a person no more than its beginning.
        var name = DisplayText.Limit(Digest().Replace(step.Name, "$1…"), MaxName);
        page.Element("span", "step", name, ("title", name == step.Name ? null : step.Name));
        if (step.Bytes > 0)
        {
            page.Raw(" ");
            page.Element("span", "bytes", ByteSize.Format(step.Bytes));
        }

        if (withPlace && step.Node is not null)
        {
            page.Raw(" ");
            page.Element("span", "bytes", step.Node);
        }
    }

    [GeneratedRegex("(sha256:[0-9a-f]{12})[0-9a-f]{52}")]
    private static partial Regex Digest();
}
