using System.Xml.Linq;
using BuildxPS.Engine.Reports;

namespace BuildxPS.Engine.Tests.Reports;

/// <summary>Builds to report, and pages read back as the documents that they are.</summary>
internal static class TestBuilds
{
    public const string Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    public static DateTimeOffset Start { get; } = new(2026, 11, 27, 2, 10, 0, TimeSpan.Zero);

    public static Platform Amd64 { get; } = Platform.Parse("linux/amd64");

    public static Platform Arm64 { get; } = Platform.Parse("linux/arm64");

    public static BuildStep Step(int number, string name, double from, double seconds, BuildStepStatus status = BuildStepStatus.Completed) => new()
    {
        Number = number,
        Name = name,
        Digest = $"sha256:{number}",
        Node = "n0",
        Status = status,
        Started = status == BuildStepStatus.Pending ? null : Start.AddSeconds(from),
        Completed = status == BuildStepStatus.Pending ? null : Start.AddSeconds(from + seconds),
        Duration = TimeSpan.FromSeconds(seconds),
    };

    public static BuildResult Result(params BuildStep[] steps) => new()
    {
        BuildRef = "b/n0/ref",
        Builder = "b",
        Images = ["registry.local/app:1"],
        Digest = Digest,
        Duration = TimeSpan.FromSeconds(10),
        Steps = steps,
    };

    public static string Page(params ReportedBuild[] builds)
    {
        using var text = new StringWriter();
        ReportPage.Write(new BuildReport { Created = Start, Builds = builds }, text);
        return text.ToString();
    }

    public static XElement Document(string page)
    {
        const string Type = "<!DOCTYPE html>\n";
        Assert.StartsWith(Type, page, StringComparison.Ordinal);
        return XElement.Parse(page[Type.Length..], LoadOptions.PreserveWhitespace);
    }

    public static IEnumerable<XElement> OfClass(this XElement element, string name)
        => element.Descendants().Where(e => ((string?)e.Attribute("class"))?.Split(' ').Contains(name) == true);
}
