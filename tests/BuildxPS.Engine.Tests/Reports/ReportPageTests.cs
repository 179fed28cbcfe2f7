using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using BuildxPS.Engine.Reports;
using static BuildxPS.Engine.Tests.Reports.TestBuilds;

namespace BuildxPS.Engine.Tests.Reports;

public sealed class ReportPageTests
{
    private const string Hostile = "</style></pre></title><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' {{7*7}} &lt; ]]>";

    [Fact]
    public void Whatever_a_build_says_is_read_as_text()
    {
        var source = new SourceExcerpt { FileName = Hostile, FirstLine = 1, LastLine = 1, Text = Hostile };
        var result = Result(Step(1, Hostile, 0, 1) with { Node = Hostile, Log = Hostile, Error = Hostile, Stage = Hostile }) with
        {
            BuildRef = Hostile,
            Builder = Hostile,
            Images = [Hostile],
            Digest = Hostile,
            Platforms = [Amd64],
            PlatformImages = [new BuiltImage { Platform = Amd64, Digest = Hostile, Size = 1, MediaType = Hostile }],
            Outputs = [new BuildOutput { Type = Hostile, Path = Hostile, Size = 1 }],
            Warnings = [new BuildWarning { Message = Hostile, Detail = Hostile, Url = new Uri("javascript:alert(1)"), Source = source }],
        };
        var failure = new BuildFailedException(BuildxFailure.StepFailed, Hostile, Hostile) { StepName = Hostile + "x", LogTail = [Hostile], Sources = [source], BuildRef = Hostile };
        using var text = new StringWriter();
        ReportPage.Write(new BuildReport { Title = Hostile, Created = Start, Builds = [ReportedBuild.Of(result), ReportedBuild.Of(failure, Hostile)] }, text);

        // That it is a document at all says that nothing was closed, or left open, by what is in it.
        var page = Document(text.ToString());
        string[] known = ["a", "article", "body", "caption", "circle", "code", "col", "colgroup", "dd", "defs", "details", "div", "dl", "dt", "footer", "g", "h1", "h2", "h3", "h4", "head", "header", "html", "li", "line", "main", "mark", "meta", "nav", "p", "pre", "rect", "section", "span", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "time", "title", "tr", "ul", "use"];
        Assert.Empty(page.DescendantsAndSelf().Select(e => e.Name.LocalName).Except(known));
        Assert.DoesNotContain(page.DescendantsAndSelf().Attributes(), a => a.Name.LocalName.StartsWith("on", StringComparison.OrdinalIgnoreCase) || a.Name.LocalName is "src" or "style");
        Assert.All(page.DescendantsAndSelf().Attributes("href"), a => Assert.StartsWith("#", a.Value, StringComparison.Ordinal));
        Assert.True(page.DescendantsAndSelf().Count(e => !e.HasElements && e.Value.Contains("<script>alert(1)</script>", StringComparison.Ordinal)) > 15);
    }

    [Fact]
    public void A_page_allows_its_own_style_and_nothing_else()
    {
        var page = Document(Page(ReportedBuild.Of(Result(Step(1, "[1/1] RUN a", 0, 1)))));
        var style = Assert.Single(page.Descendants("style")).Value;
        var policy = page.Descendants("meta").Single(m => (string?)m.Attribute("http-equiv") == "Content-Security-Policy").Attribute("content")!.Value;
        Assert.Equal($"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'; base-uri 'none'; form-action 'none'", policy);
        Assert.DoesNotContain("url(", style, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", style, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\r', style);
    }

    [Fact]
    public void Escape_codes_and_control_characters_are_left_out()
    {
        var page = Page(ReportedBuild.Of(Result(Step(1, "[1/1] RUN \u001b[31mred\u001b[0m\u0000\u202e", 0, 1) with { Log = "a\u001b]0;title\u0007b\u0001\r\nc\uFFFEd" })));
        var document = Document(page);
        Assert.DoesNotContain(page, c => (c < ' ' && c != '\n') || c is '\u202e' or '\uFFFE');
        Assert.Contains("[1/1] RUN red", document.Value, StringComparison.Ordinal);
        Assert.Contains("\nab\nc\uFFFDd\n", document.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ten_thousand_steps_those_that_matter_are_drawn_and_the_rest_is_counted()
    {
        var steps = Enumerable.Range(1, 10_000).Select(i => i switch
        {
            5000 => Step(i, "[x 1/1] RUN fails", i, 0.001, BuildStepStatus.Failed) with { Error = "exit code: 1" },
            7000 => Step(i, "[x 1/1] RUN slow", i, 500),
            _ => Step(i, $"[x 1/1] RUN {i}", i, 0.01, i % 2 == 0 ? BuildStepStatus.Cached : BuildStepStatus.Completed),
        }).ToArray();
        var text = Page(ReportedBuild.Of(Result(steps)));
        var page = Document(text);
        Assert.Equal(300, page.OfClass("track").Count());
        Assert.True(text.Length < 1_000_000, $"{text.Length}");
        Assert.Contains(page.OfClass("lanes").Descendants("th"), e => e.Value.StartsWith("[x 1/1] RUN fails", StringComparison.Ordinal));
        Assert.Contains(page.OfClass("lanes").Descendants("th"), e => e.Value == "[x 1/1] RUN slow");
        Assert.Matches("^9,700 more steps not drawn, [0-9,]+ of them cached; none took longer than 10ms, all together ", page.OfClass("note").Last().Value);
        Assert.Contains("10,000", page.OfClass("facts").First().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_builds_share_the_room_that_a_page_has()
    {
        var build = ReportedBuild.Of(Result([.. Enumerable.Range(1, 200).Select(i => Step(i, $"[x 1/1] RUN {i}", i, 1) with { Log = new string('x', 500_000) })]));
        var text = Page([.. Enumerable.Repeat(build, 1100)]);
        var page = Document(text);
        Assert.Equal(1000, page.Descendants("article").Count());
        Assert.Equal(20_000, page.OfClass("track").Count());
        Assert.Contains("100 more builds are left out", page.Value, StringComparison.Ordinal);
        Assert.True(text.Length < 24_000_000, $"{text.Length}");
    }

    [Fact]
    public void Of_a_long_log_the_end_is_shown()
    {
        var log = string.Join('\n', Enumerable.Range(1, 100_000).Select(i => $"line {i}"));
        var page = Document(Page(ReportedBuild.Of(Result(Step(1, "[1/1] RUN a", 0, 1) with { Log = log }))));
        var details = Assert.Single(page.Descendants("details"));
        Assert.Contains("Earlier lines are left out.", details.Value, StringComparison.Ordinal);
        var shown = details.Element("pre")!.Value.Trim().Split('\n');
        Assert.Equal(("line 99801", "line 100000", 200), (shown[0], shown[^1], shown.Length));
    }

    [Fact]
    public void A_failed_build_tells_why_and_what_to_do()
    {
        var failure = new BuildFailedException(BuildxFailure.StepFailed, "RUN make failed\nwith exit code 2.", "Read the output.")
        {
            BuildRef = "b/n0/ref",
            StepName = "[2/3] RUN make",
            ExitCode = 2,
            IsTransient = true,
            LogTail = ["compiling", "main.c:1: error"],
            Sources = [new SourceExcerpt { FileName = "Dockerfile", FirstLine = 2, LastLine = 3, Text = "FROM a\nRUN \\\n make\nRUN never\n" }],
            Steps = [Step(1, "[1/3] FROM a", 0, 0, BuildStepStatus.Cached), Step(2, "[2/3] RUN make", 1, 2, BuildStepStatus.Failed), Step(3, "[3/3] RUN never", 0, 0, BuildStepStatus.Pending)],
        };
        var page = Document(Page(ReportedBuild.Of(failure, "/src/app")));
        Assert.Equal("/src/app", page.Descendants("h1").Single().Value);
        Assert.Equal("✕ Failed", page.OfClass("status").Single().Value);
        var told = Assert.Single(page.OfClass("failure"));
        Assert.Contains("RUN make failed\nwith exit code 2.", told.Value, StringComparison.Ordinal);
        Assert.Equal("What to doRead the output.", told.OfClass("advice").Single().Value.Replace("\n", "", StringComparison.Ordinal));
        Assert.Equal(["ErrorStepFailed", "Exit code2", "Trying againmay help", "Step[2/3] RUN make"], told.OfClass("facts").Elements("div").Select(e => e.Value.Replace("\n", "", StringComparison.Ordinal)));
        Assert.Equal(["›   2RUN \\", "›   3 make"], told.Descendants("mark").Select(e => e.Value));
        Assert.Equal(["    1FROM a", "    4RUN never"], told.OfClass("line").Where(e => e.Name.LocalName == "span").Select(e => e.Value));
        Assert.Equal("\ncompiling\nmain.c:1: error\n", told.OfClass("log").Single().Value);
        Assert.Equal(["cached", "✕ failed 2.0s", "not run"], page.OfClass("time").Where(e => e.Name.LocalName == "td").Select(e => e.Value));
        Assert.Contains("33\u00a0%", page.OfClass("facts").First().Value, StringComparison.Ordinal);
        Assert.Contains("1 failed, 1 not run", page.OfClass("facts").First().Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Lanes_are_grouped_by_node_and_platform()
    {
        var result = Result(
            Step(1, "[internal] load build definition", 0, 1),
            Step(2, "[linux/arm64 1/1] RUN a", 1, 1) with { Platform = Arm64 },
            Step(3, "[linux/amd64 1/1] RUN a", 1, 1) with { Platform = Amd64 },
            Step(4, "[linux/amd64 1/1] RUN a", 1, 1) with { Platform = Amd64, Node = "n1" },
            Step(5, "merging", 3, 1) with { Node = null }) with
        {
            Platforms = [Amd64, Arm64],
            Nodes = [new NodePlan { Node = "n0", Platforms = [Amd64, Arm64], Foreign = [Arm64], Reason = "" }, new NodePlan { Node = "n1", Platforms = [Amd64], Reason = "" }],
        };
        var page = Document(Page(ReportedBuild.Of(result)));
        Assert.Equal(
            [
                "n0 all platforms 1 step, 1.0s of work",
                "n0 linux/amd64 1 step, 1.0s of work",
                "n0 linux/arm64 emulated 1 step, 1.0s of work",
                "n1 linux/amd64 1 step, 1.0s of work",
                "This client all platforms 1 step, 1.0s of work",
            ],
            page.OfClass("lanes").Select(t => t.Element("caption")!.Value.Trim()));
    }

    [Fact]
    public void Several_builds_have_a_table_that_leads_to_each()
    {
        var page = Document(Page(
            ReportedBuild.Of(Result(Step(1, "[1/2] FROM a", 0, 0, BuildStepStatus.Cached), Step(2, "[2/2] RUN b", 0, 1), Step(3, "exporting to image", 1, 1))),
            ReportedBuild.Of(new BuildxException(BuildxFailure.BuilderNotFound, "There is no builder 'x'.", "List them."), null)));
        Assert.Equal("2 builds", page.Descendants("h1").Single().Value);
        Assert.Contains("1 completed, 1 failed", page.OfClass("page").Single().Value, StringComparison.Ordinal);
        var rows = page.Descendants("nav").Single().Descendants("tbody").Single().Elements("tr").ToList();
        Assert.Equal(["registry.local/app:1", "✓ Completed", "10.0s", "3", "50\u00a0%", "0"], rows[0].Elements().Select(e => e.Value));
        Assert.Equal(["BuilderNotFound", "✕ Failed", "", "0", "", "0"], rows[1].Elements().Select(e => e.Value));
        Assert.Equal(page.Descendants("article").Select(a => "#" + a.Attribute("id")!.Value), rows.Descendants("a").Select(a => a.Attribute("href")!.Value));
    }

    [Fact]
    public void A_warning_has_its_lines_and_its_rule()
    {
        var warning = new BuildWarning
        {
            Message = "FromAsCasing: casing (line 1)",
            Detail = "More words.",
            Url = new Uri("https://docs.docker.com/go/dockerfile/rule/from-as-casing/"),
            Source = new SourceExcerpt { FileName = "Dockerfile", FirstLine = 1, LastLine = 1, Text = "FROM a as b\r\nRUN c\r\n" },
        };
        var page = Document(Page(ReportedBuild.Of(Result() with { Warnings = [.. Enumerable.Repeat(warning, 101)] })));
        var section = page.OfClass("warnings").Single();
        Assert.Equal("101 warnings", section.Element("h3")!.Value);
        Assert.Equal(100, section.Descendants("li").Count());
        Assert.Contains("1 more is left out.", section.Value, StringComparison.Ordinal);
        Assert.Equal(warning.Url.AbsoluteUri, section.Descendants("a").First().Attribute("href")!.Value);
        Assert.Equal("›   1FROM a as b", section.Descendants("mark").First().Value);
    }

    [Fact]
    public void The_log_of_a_failure_has_room_whatever_other_builds_printed()
    {
        var chatty = ReportedBuild.Of(Result([.. Enumerable.Range(1, 20).Select(i => Step(i, $"[x 1/1] RUN {i}", i, 1) with { Log = Log(200, 900) })]));
        var failure = new BuildFailedException(BuildxFailure.StepFailed, "RUN make failed.", "Read it.")
        {
            LogTail = [.. Enumerable.Range(1, 50).Select(i => $"line {i}"), "main.c:1: error"],
            Steps = [Step(1, "[1/1] RUN make", 1, 1, BuildStepStatus.Failed) with { Log = "what make printed" }],
        };
        var page = Document(Page([.. Enumerable.Repeat(chatty, 10), ReportedBuild.Of(failure, "app"), .. Enumerable.Repeat(chatty, 10)]));
        var told = Assert.Single(page.OfClass("failure"));
        Assert.Equal("line 1", told.OfClass("log").Single().Value.Trim().Split('\n')[0]);
        Assert.EndsWith("main.c:1: error\n", told.OfClass("log").Single().Value, StringComparison.Ordinal);
        var articles = page.Descendants("article").ToList();
        Assert.Contains("what make printed", articles[10].OfClass("lanes").Single().Value, StringComparison.Ordinal);
        // Each build has its part of the room, not only the first.
        Assert.All([articles[0], articles[20]], a => Assert.NotEmpty(a.OfClass("lanes").Single().OfClass("log")));
    }

    [Fact]
    public void What_is_missing_before_the_end_of_a_failures_log_is_said()
    {
        var failure = new BuildFailedException(BuildxFailure.StepFailed, "RUN make failed.", "Read it.") { LogTail = Log(1000, 20).Split('\n') };
        var told = Assert.Single(Document(Page(ReportedBuild.Of(failure, "app"))).OfClass("failure"));
        Assert.Contains("Earlier lines are left out.", told.OfClass("note").Select(n => n.Value));
        Assert.Equal(200, told.OfClass("log").Single().Value.Trim().Split('\n').Length);
    }

    [Fact]
    public void A_page_is_bounded_whatever_engines_send()
    {
        var text = new string('"', 4000);
        var source = new SourceExcerpt { FileName = text, FirstLine = 1, LastLine = 30, Text = string.Join('\n', Enumerable.Repeat(text, 40)) };
        var warning = new BuildWarning { Message = text, Detail = text, Source = source };
        var build = ReportedBuild.Of(Result([.. Enumerable.Range(1, 200).Select(i => Step(i, text, i, 1) with { Error = text, Log = text, Node = $"n{i} {text}" })])) with
        {
            Name = text,
            Images = [.. Enumerable.Repeat(text, 200)],
            Outputs = [.. Enumerable.Repeat(new BuildOutput { Type = text, Path = text, Size = 1 }, 200)],
            Warnings = [.. Enumerable.Repeat(warning, 200)],
            Failure = new ReportedFailure { ErrorId = text, Message = text, Advice = text, LogTail = [.. Enumerable.Repeat(text, 300)], Sources = [.. Enumerable.Repeat(source, 200)] },
        };
        using var page = new BoundedText(40_000_000);
        ReportPage.Write(new BuildReport { Created = Start, Builds = [.. Enumerable.Repeat(build, 1000)] }, page);
        var document = Document(page.ToString());
        Assert.Equal(1000, document.Descendants("article").Count());
        // The last build is told like the first, and each says that it is not told whole.
        Assert.All(document.Descendants("article"), a =>
        {
            Assert.Contains("Why it failed", a.Value, StringComparison.Ordinal);
            Assert.Contains(a.Elements("p"), p => p.Value.StartsWith("Not all of this build is told here", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Rows_that_are_left_out_are_counted()
    {
        var build = ReportedBuild.Of(Result()) with
        {
            Images = [.. Enumerable.Range(0, 101).Select(i => $"registry.local/app:{i}")],
            Outputs = [.. Enumerable.Repeat(new BuildOutput { Type = "tar", Path = "/x", Size = 1 }, 102)],
        };
        var page = Document(Page(build));
        Assert.Equal(["1 more is left out.", "2 more are left out."], page.OfClass("note").Select(n => n.Value));
    }

    private static string Log(int lines, int length) => string.Join('\n', Enumerable.Range(1, lines).Select(i => $"{i} {new string('x', length)}"));
}
