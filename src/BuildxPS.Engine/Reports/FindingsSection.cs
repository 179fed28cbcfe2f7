using System.Globalization;

namespace BuildxPS.Engine.Reports;

/// <summary>Writes what went wrong with a build, and what was warned of.</summary>
internal static class FindingsSection
{
    private const int MaxWarnings = 100;
    private const int MaxMessage = 16_000;

    /// <summary>Writes why a build failed.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="failure">Why.</param>
    /// <param name="logs">How much of logs goes on the page.</param>
    public static void WriteFailure(Markup page, ReportedFailure failure, LogBudget logs) => page.Element("section", "failure", () =>
    {
        page.Element("h3", null, "Why it failed");
        page.Element("p", "message", () => page.Plain(DisplayText.Lines(failure.Message, MaxMessage)));
        if (failure.Advice.Length > 0)
        {
            page.Element("div", "advice", () =>
            {
                page.Element("h4", null, "What to do");
                page.Element("p", null, failure.Advice);
            });
        }

        page.Element("dl", "facts small", () =>
        {
            BuildSection.WriteFact(page, "Error", failure.ErrorId);
            BuildSection.WriteFact(page, "Exit code", failure.ExitCode?.ToString(CultureInfo.InvariantCulture));
            BuildSection.WriteFact(page, "Trying again", failure.IsTransient ? "may help" : null);
            BuildSection.WriteFact(page, "Step", failure.Message.Contains(failure.StepName ?? "", StringComparison.Ordinal) ? null : failure.StepName);
        });
        page.LeftOut(page.Each(failure.Sources, MaxWarnings, source => SourceBlock.Write(page, source)));
        if (failure.LogTail.Count > 0)
        {
            var isCut = logs.Take(page, string.Join('\n', failure.LogTail), isOfFailure: true, out var lines);
            page.Element("h4", null, "What the step printed last");
            LogBudget.Write(page, lines, isCut);
        }
    });

    /// <summary>Writes what was warned of.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="warnings">The warnings; at least one.</param>
    public static void WriteWarnings(Markup page, IReadOnlyList<BuildWarning> warnings) => page.Element("section", "warnings", () =>
    {
        page.Element("h3", null, Labels.Count(warnings.Count, "warning"));
        var leftOut = 0;
        page.Element("ul", null, () => leftOut = page.Each(warnings, MaxWarnings, warning => page.Element("li", null, () => WriteWarning(page, warning))));
        page.LeftOut(leftOut);
    });

    private static void WriteWarning(Markup page, BuildWarning warning)
    {
        page.Element("p", "headline", warning.Message);
        if (warning.Detail.Length > 0)
        {
            page.Element("p", "detail", () => page.Plain(DisplayText.Lines(warning.Detail, Markup.MaxText)));
        }

        if (warning.Url is { IsAbsoluteUri: true, Scheme: "https" or "http" } url)
        {
            page.Element("p", "detail", () => page.Element("a", null, url.AbsoluteUri, ("href", url.AbsoluteUri), ("rel", "noreferrer noopener")));
        }

        if (warning.Source is { } source)
        {
            SourceBlock.Write(page, source);
        }
    }
}
