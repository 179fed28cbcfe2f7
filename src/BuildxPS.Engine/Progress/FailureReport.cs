using System.Text;

namespace BuildxPS.Engine.Progress;

/// <summary>A failure as text for a person: where it lies, what the step printed last, and what went wrong.</summary>
public static class FailureReport
{
    private const int MaxLine = 2000;

    /// <summary>Writes the report.</summary>
    /// <param name="failure">The failure.</param>
    /// <returns>Several lines without escape codes. What the user can do is not in it; see <see cref="BuildxException.Advice"/>.</returns>
    public static string Write(BuildxException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var report = new StringBuilder();
        report.AppendJoin('\n', DisplayText.CleanLines(failure.Message).Select(DisplayText.CleanWhole));
        if (failure is BuildFailedException build)
        {
            AppendLog(report, build);
            AppendSources(report, build);
        }

        return report.ToString();
    }

    private static void AppendLog(StringBuilder report, BuildFailedException build)
    {
        if (build.LogTail.Count == 0)
        {
            return;
        }

        report.Append("\n------\n > ").Append(Line(build.StepName ?? "last output")).Append(':');
        foreach (var line in build.LogTail)
        {
            report.Append("\n | ").Append(Line(line));
        }

        report.Append("\n------");
    }

    private static void AppendSources(StringBuilder report, BuildFailedException build)
    {
        foreach (var source in build.Sources)
        {
            foreach (var line in DisplayText.CleanLines(source.Render()))
            {
                report.Append('\n').Append(DisplayText.Limit(DisplayText.CleanWhole(line), MaxLine));
            }
        }
    }

    private static string Line(string text) => DisplayText.Limit(DisplayText.Clean(text), MaxLine);
}
