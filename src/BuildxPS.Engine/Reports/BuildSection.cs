namespace BuildxPS.Engine.Reports;

/// <summary>Writes one build: how it ended, what went wrong, where its time went, and what it made.</summary>
internal static class BuildSection
{
    private const int MaxRows = 100;

    /// <summary>Writes the build.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="build">The build.</param>
    /// <param name="number">Its place among the builds, from 1.</param>
    /// <param name="isAlone">Whether the page has no other, and its title says the name already.</param>
    /// <param name="maxLanes">Most steps to draw.</param>
    /// <param name="logs">How much of logs goes on the page.</param>
    public static void Write(Markup page, ReportedBuild build, int number, bool isAlone, int maxLanes, LogBudget logs)
        => page.Element("article", null, () =>
        {
            page.Element("div", "title", () =>
            {
                page.Element("h2", null, isAlone ? "Result" : build.Name);
                Labels.WriteStatus(page, build.Status);
            });
            WriteFacts(page, build);
            if (build.Failure is { } failure)
            {
                FindingsSection.WriteFailure(page, failure, logs);
            }

            if (build.Steps.Count > 0)
            {
                var timeline = Timeline.Of(build, maxLanes);
                TimelineSection.WriteSlowest(page, build, timeline);
                TimelineSection.Write(page, timeline, number, logs);
            }

            if (build.Warnings.Count > 0)
            {
                FindingsSection.WriteWarnings(page, build.Warnings);
            }

            WriteImages(page, build);
            WriteOutputs(page, build);
            if (page.IsFull)
            {
                page.Element("p", "note", "Not all of this build is told here: a page has room for so much only.");
            }
        }, ("id", $"build-{number}"));

    private static void WriteFacts(Markup page, ReportedBuild build)
    {
        var (cached, all, areInstructions) = build.Cache;
        page.Element("dl", "facts", () =>
        {
            WriteFact(page, "Time", ElapsedTime.Format(build.Duration), build.Steps.Where(s => s.Started is not null).Min(s => s.Started) is { } start ? "from " + Labels.Moment(start) : null);
            if (all > 0)
            {
                WriteFact(page, "From the cache", Labels.Share(cached, all), $"{Labels.Count(cached)} of {Labels.Count(all, areInstructions ? "Dockerfile step" : "step")}");
                WriteFact(page, "Steps", Labels.Count(build.Steps.Count), Kinds(build.Steps));
            }

            WriteFact(page, "Platforms", string.Join(", ", build.Platforms.Take(MaxRows)));
            var bytes = build.Steps.Sum(s => (double)s.Bytes);
            WriteFact(page, "Data moved", bytes > 0 ? ByteSize.Format((long)Math.Min(bytes, long.MaxValue / 2)) : "", bytes > 0 ? "context, layers and results" : null);
            WriteFact(page, build.Builder is null ? "Node" : "Builder", build.Builder ?? string.Join(", ", build.Steps.Select(s => s.Node).OfType<string>().Distinct().Take(MaxRows)), build.BuildRef);
        });
    }

    private static string? Kinds(IReadOnlyList<BuildStep> steps)
    {
        IEnumerable<(BuildStepStatus Status, string Word)> kinds =
        [
            (BuildStepStatus.Failed, "failed"), (BuildStepStatus.Canceled, "stopped"), (BuildStepStatus.Pending, "not run"), (BuildStepStatus.Running, "not ended"),
        ];
        var parts = kinds.Select(k => (Count: steps.Count(s => s.Status == k.Status), k.Word)).Where(k => k.Count > 0).Select(k => $"{Labels.Count(k.Count)} {k.Word}").ToList();
        return parts.Count == 0 ? null : string.Join(", ", parts);
    }

    /// <summary>Writes one fact of a list of them; nothing where there is no value.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="name">What it is.</param>
    /// <param name="value">Its value.</param>
    /// <param name="detail">More about it; null for nothing.</param>
    public static void WriteFact(Markup page, string name, string? value, string? detail = null)
    {
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        page.Element("div", null, () =>
        {
            page.Element("dt", null, name);
            page.Element("dd", null, value);
            if (detail is not null)
            {
                page.Element("dd", "detail", detail);
            }
        });
    }

    private static void WriteImages(Markup page, ReportedBuild build)
    {
        if (build.Digest is null && build.Images.Count == 0)
        {
            return;
        }

        page.Element("section", null, () =>
        {
            page.Element("h3", null, "Image");
            var leftOut = 0;
            page.Element("ul", "names", () =>
            {
                leftOut = page.Each(build.Images, MaxRows, name => page.Element("li", null, () => page.Element("code", null, name)));
                if (build.Digest is not null)
                {
                    page.Element("li", null, () => page.Element("code", null, build.Digest));
                }
            });
            page.LeftOut(leftOut);
            if (build.PlatformImages.Count > 0)
            {
                Table(page, "The image of each platform", ["Platform", "Digest", "Manifest"], build.PlatformImages, image =>
                {
                    page.Element("th", null, image.Platform.ToString(), ("scope", "row"));
                    page.Element("td", null, () => page.Element("code", null, image.Digest), ("data-label", "Digest"));
                    page.Element("td", "number", image.Size > 0 ? ByteSize.Format(image.Size) : "", ("data-label", "Manifest"));
                });
            }
        });
    }

    private static void WriteOutputs(Markup page, ReportedBuild build)
    {
        if (build.Outputs.Count > 0)
        {
            page.Element("section", null, () =>
            {
                page.Element("h3", null, "Outputs");
                Table(page, "What was written", ["Type", "Where", "Size"], build.Outputs, output =>
                {
                    page.Element("th", null, output.Type, ("scope", "row"));
                    page.Element("td", null, () => page.Element("code", null, output.Path ?? ""), ("data-label", output.Path is null ? null : "Where"));
                    page.Element("td", "number", ByteSize.Format(output.Size), ("data-label", output.Size is null ? null : "Size"));
                });
            });
        }
    }

    private static void Table<T>(Markup page, string caption, string[] headings, IReadOnlyList<T> rows, Action<T> write)
    {
        var leftOut = 0;
        page.Element("table", "cards", () =>
        {
            page.Element("caption", null, caption);
            page.Element("thead", null, () => page.Element("tr", null, () =>
            {
                for (var i = 0; i < headings.Length; i++)
                {
                    page.Element("th", i == headings.Length - 1 ? "number" : null, headings[i], ("scope", "col"));
                }
            }));
            page.Element("tbody", null, () => leftOut = page.Each(rows, MaxRows, row => page.Element("tr", null, () => write(row))));
        });
        page.LeftOut(leftOut);
    }
}
