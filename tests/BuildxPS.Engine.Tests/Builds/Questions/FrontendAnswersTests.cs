using System.Text;
using System.Text.Json.Nodes;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Builds.Questions;

namespace BuildxPS.Engine.Tests.Builds.Questions;

/// <summary>Answers of frontends, among them such that no honest one gives.</summary>
public sealed class FrontendAnswersTests
{
    private static readonly BuildInputs s_inputs = InputsOf(new BuildRequest { ContextPath = "/c", DockerfilePath = "/c/Dockerfile" });

    private static BuildInputs InputsOf(BuildRequest request)
        => new() { Context = MainContext.Of(request), Dockerfile = DockerfileInput.Of(request, MainContext.Of(request)) };

    private static IReadOnlyList<object> Read(FrontendQuestion question, string json) => FrontendAnswers.Read(question, Encoding.UTF8.GetBytes(json), s_inputs, new Dictionary<string, string>());

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Violations_have_their_place_and_are_in_the_order_of_the_file()
    {
        var found = Read(FrontendQuestion.Lint, $$$"""
            {"warnings":[
              {"ruleName":"B","description":"d","url":"https://x/b","detail":"two","location":{"ranges":[{"start":{"line":2},"end":{"line":3}}]},"new":[1]},
              {"ruleName":"A","detail":"one","location":{"sourceIndex":0,"ranges":[{"start":{"line":1},"end":{"line":1}}]}},
              {"ruleName":"C","detail":"nowhere","location":{"sourceIndex":-1}}],
             "sources":[{"filename":"Dockerfile","data":"{{{Base64("FROM a\nRUN b\nRUN c\n")}}}","language":"Dockerfile"}]}
            """).Cast<DockerfileViolation>().ToList();
        Assert.Equal(["C", "A", "B"], found.Select(v => v.Rule));
        Assert.Equal((Path.Join("/c", "Dockerfile"), 2, 3, "https://x/b", "d"), (found[2].File, found[2].StartLine, found[2].EndLine, found[2].Url!.ToString(), found[2].Description));
        Assert.Contains(">>> RUN b", found[2].Source!.Render(), StringComparison.Ordinal);
        Assert.Null(found[0].StartLine);
        Assert.Equal("A: one (Dockerfile:1)", found[1].ToString());
        Assert.All(found, v => Assert.Equal(ViolationLevel.Warning, v.Level));
    }

    [Theory]
    [InlineData("""{"warnings":null,"sources":null}""")]
    [InlineData("{}")]
    [InlineData("""{"warnings":{},"sources":7}""")]
    public void No_violations_are_none(string json) => Assert.Empty(Read(FrontendQuestion.Lint, json));

    [Fact]
    public void An_error_is_a_violation_without_a_rule()
    {
        var error = Assert.IsType<DockerfileViolation>(Assert.Single(Read(FrontendQuestion.Lint, """{"buildError":{"message":"unknown instruction: RUNN\u001b[2J","location":{}}}""")));
        Assert.Equal((ViolationLevel.Error, null, "unknown instruction: RUNN", null), (error.Level, error.Rule, error.Detail, error.StartLine));
    }

    [Theory]
    [InlineData(FrontendQuestion.Lint, "")]
    [InlineData(FrontendQuestion.Lint, "[]")]
    [InlineData(FrontendQuestion.Outline, "7")]
    [InlineData(FrontendQuestion.Targets, "null")]
    [InlineData(FrontendQuestion.Targets, """{"targets":[""")]
    public void What_is_no_answer_is_refused(FrontendQuestion question, string json)
        => Assert.Equal(BuildxFailure.ProtocolViolation, Assert.Throws<BuildxException>(() => Read(question, json)).Failure);

    [Fact]
    public void Depth_has_an_end()
        => Assert.Throws<BuildxException>(() => Read(FrontendQuestion.Lint, string.Concat(Enumerable.Repeat("""{"warnings":[""", 1000)) + string.Concat(Enumerable.Repeat("]}", 1000))));

    [Fact]
    public void Odd_values_are_cut_or_left_out()
    {
        var violation = new JsonObject
        {
            ["ruleName"] = new string('r', 100_000),
            ["detail"] = "a\u001b]0;title\u0007b\n::error::x" + new string('d', 100_000),
            ["url"] = "file:///etc/passwd",
            ["location"] = new JsonObject { ["sourceIndex"] = 99, ["ranges"] = new JsonArray(1, null, "x") },
        };
        var found = Assert.IsType<DockerfileViolation>(Assert.Single(Read(FrontendQuestion.Lint, new JsonObject { ["warnings"] = new JsonArray(violation) }.ToJsonString())));
        Assert.InRange(found.Rule!.Length, 1, 1024);
        Assert.InRange(found.Detail.Length, 1, 16 * 1024);
        Assert.StartsWith("ab\n", found.Detail, StringComparison.Ordinal);
        Assert.Null(found.Url);
        Assert.Null(found.Source);
        Assert.Single(Read(FrontendQuestion.Lint, """{"warnings":[7]}"""));
        var many = "{\"targets\":[" + string.Join(',', Enumerable.Repeat("{}", 20_000)) + "]}";
        Assert.Equal(10_000, Read(FrontendQuestion.Targets, many).Count);
        Assert.Empty(Read(FrontendQuestion.Targets, """{"targets":[7,null,"x"],"sources":[7,"!!",null]}"""));
        var outline = Assert.IsType<DockerfileOutline>(Assert.Single(Read(FrontendQuestion.Outline, """{"args":[7,{},{"name":"A","value":7,"location":{"ranges":[{"start":{"line":5}}]}}],"secrets":[{"name":"s","required":"yes"}],"cache":[{"ID":"c"}]}""")));
        Assert.Equal(("A", "", null), (Assert.Single(outline.BuildArgs).Name, outline.BuildArgs[0].Value, outline.BuildArgs[0].Location));
        Assert.False(Assert.Single(outline.Secrets).IsRequired);
        Assert.Equal("c", Assert.Single(outline.CacheMounts).Name);
    }

    [Theory]
    [InlineData("ARG A=1", "A", "1")]
    [InlineData("ARG A", "A", null)]
    [InlineData("ARG A=", "A", "")]
    [InlineData("arg B=x A=\"two words\" C=y", "A", "two words")]
    [InlineData("ARG A='it is' B", "A", "it is")]
    [InlineData("ARG A=${B:-x}", "A", "${B:-x}")]
    [InlineData("ARG B=1 \\\n  # a comment\n  A=a\\ b", "A", "a b")]
    [InlineData("ARG AA=1", "A", null)]
    public void Defaults_are_read_from_the_text(string text, string name, string? expected)
        => Assert.Equal(expected, ArgumentDefault.Find(new SourceExcerpt { FileName = "D", FirstLine = 1, LastLine = text.Split('\n').Length, Text = text + "\nRUN A=no\n" }, name));
}
