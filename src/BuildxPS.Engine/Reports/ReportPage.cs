using System.Globalization;

namespace BuildxPS.Engine.Reports;

/// <summary>Writes builds as one page of HTML that needs nothing else: no script, no font, no request.</summary>
public static class ReportPage
{
    private const int MaxBuilds = 1000;
    private const int MaxLanes = 300;
    private const int MinLanes = 20;
    private const int MaxLanesOfAll = 3000;
    private const int MaxName = 240;

    // More than any page of builds that anybody ran on purpose, and no more than a browser opens.
    private const int MaxLength = 32 << 20;

    /// <summary>Writes the page.</summary>
    /// <param name="report">What it says. Whatever is in it is written as text.</param>
    /// <param name="writer">Takes the page, in pieces.</param>
    public static void Write(BuildReport report, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(writer);
        var page = new Markup(writer);
        page.Raw("<!DOCTYPE html>\n<html lang=\"en\">\n");
        page.Element("head", null, () => WriteHead(page, report));
        page.Element("body", null, () =>
        {
            page.Element("main", null, () =>
            {
                WriteHeader(page, report);
                WriteBuilds(page, report.Builds);
            });
            page.Element("footer", null, () => page.Element("p", null, $"Made by BuildxPS {Version}. All of it is in this file."));
        });
        page.Raw("</html>\n");
    }

    private static string Version => typeof(ReportPage).Assembly.GetName().Version!.ToString(3);

    private static void WriteHead(Markup page, BuildReport report)
    {
        page.Empty("meta", null, ("charset", "utf-8"));
        page.Empty("meta", null, ("http-equiv", "Content-Security-Policy"), ("content", ReportStyle.Policy));
        page.Empty("meta", null, ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        page.Empty("meta", null, ("name", "color-scheme"), ("content", "light dark"));
        page.Empty("meta", null, ("name", "referrer"), ("content", "no-referrer"));
        page.Empty("meta", null, ("name", "generator"), ("content", "BuildxPS " + Version));
        page.Element("title", null, report.Heading + " – build report");
        page.Element("style", null, () => page.Raw(ReportStyle.Text));
    }

    private static void WriteHeader(Markup page, BuildReport report) => page.Element("header", "page", () =>
    {
        page.Element("p", "eyebrow", "Build report");
        page.Element("h1", null, report.Heading);
        page.Element("p", "meta", () =>
        {
            if (report.Builds.Count > 1)
            {
                page.Plain(Outcome(report.Builds) + " · ");
            }

            page.Plain("Made ");
            page.Element("time", null, Labels.Moment(report.Created), ("datetime", report.Created.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)));
        });
    });

    private static string Outcome(IReadOnlyList<ReportedBuild> builds) => string.Join(", ", new[]
    {
        (BuildStatus.Completed, "completed"), (BuildStatus.Failed, "failed"), (BuildStatus.Canceled, "canceled"),
    }.Select(s => (Count: builds.Count(b => b.Status == s.Item1), Word: s.Item2)).Where(s => s.Count > 0).Select(s => $"{s.Count} {s.Word}"));

    private static void WriteBuilds(Markup page, IReadOnlyList<ReportedBuild> builds)
    {
        var shown = builds.Take(MaxBuilds).ToList();
        if (shown.Count > 1)
        {
            WriteOverview(page, shown);
        }

        if (builds.Count > shown.Count)
        {
            page.Element("p", "note", $"{builds.Count - shown.Count} more builds are left out: a page has at most {MaxBuilds}.");
        }

        var logs = new LogBudget(shown.Count, shown.Count(b => b.Failure is not null));
        var lanes = Math.Clamp(MaxLanesOfAll / Math.Max(1, shown.Count), MinLanes, MaxLanes);
        for (var i = 0; i < shown.Count; i++)
        {
            // What a build leaves goes to those after it; none takes away from them.
            page.Within((MaxLength - page.Written) / (shown.Count - i));
            logs.Next(isFailure: shown[i].Failure is not null);
            BuildSection.Write(page, shown[i], i + 1, isAlone: shown.Count == 1, lanes, logs);
        }
    }

    private static void WriteOverview(Markup page, List<ReportedBuild> builds) => page.Element("nav", "overview", () => page.Element("table", "cards", () =>
    {
        page.Element("caption", "hidden", "Builds");
        page.Element("thead", null, () => page.Element("tr", null, () =>
        {
            foreach (var (heading, style) in new[] { ("Build", null), ("Result", null), ("Time", "number"), ("Steps", "number"), ("From cache", "number"), ("Warnings", "number") })
            {
                page.Element("th", style, heading, ("scope", "col"));
            }
        }));
        page.Element("tbody", null, () =>
        {
            for (var i = 0; i < builds.Count; i++)
            {
                WriteRow(page, builds[i], i + 1);
            }
        });
    }), ("aria-label", "Builds"));

    private static void WriteRow(Markup page, ReportedBuild build, int number) => page.Element("tr", null, () =>
    {
        page.Element("th", "wide", () => page.Element("a", null, DisplayText.Line(build.Name, MaxName), ("href", $"#build-{number}")), ("scope", "row"));
        page.Element("td", null, () => Labels.WriteStatus(page, build.Status));
        page.Element("td", "number", ElapsedTime.Format(build.Duration), ("data-label", "Time"));
        page.Element("td", "number", Labels.Count(build.Steps.Count), ("data-label", "Steps"));
        page.Element("td", "number", build.Steps.Count == 0 ? "" : Labels.Share(build.Cache.Cached, build.Cache.All), ("data-label", "From cache"));
        page.Element("td", "number", Labels.Count(build.Warnings.Count), ("data-label", "Warnings"));
    });
}
