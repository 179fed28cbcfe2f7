using System.Text.Json.Nodes;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Builds.Questions;
using BuildxPS.Engine.Tests.Builders;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds.Questions;

/// <summary>Questions to the frontends of real engines, beside docker's own client.</summary>
public sealed class RealQuestionTests : IDisposable
{
    private const string Stages = """
        ARG BASE=alpine
        # WHO is who is greeted
        ARG WHO="big world"
        # base is what others build on
        FROM ${BASE} AS base
        ARG WHO
        RUN --mount=type=secret,id=token,required=true --mount=type=ssh echo $WHO && exit 7

        FROM --platform=$BUILDPLATFORM base AS app
        ARG A=1 B='two words'
        RUN --mount=type=cache,target=/c --mount=type=secret,id=other echo $A $B && exit 7

        FROM scratch
        COPY --from=app / /
        """;

    private readonly TemporaryFolder _context = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly string[] s_dockerfiles =
    [
        "FROM alpine AS base\nRUN echo x\n",
        "from alpine AS Build\nENV KEY value\nMAINTAINER me\nEXPOSE 80/TCP\nCMD echo hi\nCMD [\"echo\"]\nFROM build AS build\nCOPY --from=Build /a \\\n  /b\n",
        "FROM alpine\n\nRUNN echo\n",
        "FROM alpine\nCOPY --from=nothing\n",
        "FROM alpine\nENV A=$MISSING\nRUN <<EOT\necho\nEOT\nWORKDIR rel\n",
        Stages,
    ];

    public static TheoryData<string, int> Dockerfiles
    {
        get
        {
            var data = new TheoryData<string, int>();
            for (var i = 0; i < s_dockerfiles.Length; i++)
            {
                data.Add("d28", i);
                data.Add("bkd", i);
            }

            return data;
        }
    }

    public void Dispose() => _context.Dispose();

    [Theory]
    [MemberData(nameof(Dockerfiles))]
    public async Task Violations_are_those_that_docker_finds(string engine, int number)
    {
        var dockerfile = s_dockerfiles[number];
        await using var fixture = await OpenAsync(engine);
        var theirs = await AskDockerAsync(fixture, engine, dockerfile, "check");
        var ours = (await AskAsync(fixture, engine, dockerfile, FrontendQuestion.Lint)).Cast<DockerfileViolation>().ToList();
        var warnings = ours.Where(v => v.Level == ViolationLevel.Warning).Select(v => $"{v.Rule}|{v.Description}|{v.Url}|{v.Detail}|{v.StartLine}-{v.EndLine}");
        Assert.Equal(
            List(theirs["warnings"]).Select(w => $"{w["ruleName"]}|{w["description"]}|{w["url"]}|{w["detail"]}|{Lines(w)}").Order(StringComparer.Ordinal),
            warnings.Order(StringComparer.Ordinal));
        var error = ours.SingleOrDefault(v => v.Level == ViolationLevel.Error);
        Assert.Equal(theirs["buildError"]?["message"]?.ToString(), error?.Detail);
        Assert.Equal(theirs["buildError"] is { } at ? Lines(at) : "-", $"{error?.StartLine}-{error?.EndLine}");
        Assert.All(ours, v => Assert.Equal(Path.Join(_context.Path, "Dockerfile"), v.File));
    }

    [Theory]
    [InlineData("d28", null)]
    [InlineData("bkd", "app")]
    [InlineData("bkd", "base")]
    public async Task An_outline_is_the_one_that_docker_gives(string engine, string? target)
    {
        await using var fixture = await OpenAsync(engine);
        string[] options = target is null ? ["--build-arg", "A=given"] : ["--build-arg", "A=given", "--target", target];
        var theirs = await AskDockerAsync(fixture, engine, Stages, "outline", options);
        var ours = Assert.IsType<DockerfileOutline>(Assert.Single(await AskAsync(fixture, engine, Stages, FrontendQuestion.Outline, r => r with
        {
            Target = target,
            BuildArguments = new Dictionary<string, string> { ["A"] = "given" },
        })));
        Assert.Equal((theirs["name"]?.ToString() ?? "", theirs["description"]?.ToString() ?? ""), (ours.Name, ours.Description));
        Assert.Equal(List(theirs["args"]).Select(a => $"{a["name"]}|{a["value"]}|{a["description"]}|{Lines(a)}").Order(), ours.BuildArgs.Select(a => $"{a.Name}|{a.Value}|{a.Description}|{Lines(a.Location)}").Order());
        Assert.Equal(List(theirs["secrets"]).Select(Mount).Order(), ours.Secrets.Select(Mount).Order());
        Assert.Equal(List(theirs["ssh"]).Select(Mount), ours.Ssh.Select(Mount));
        Assert.Equal(Stages, Assert.Single(ours.Sources));
        if (target == "app")
        {
            Assert.Equal(["1", "two words", "big world"], ((string[])["A", "B", "WHO"]).Select(n => ours.BuildArgs.Single(a => a.Name == n).Default));
            Assert.Contains(ours.Secrets, s => s is { Name: "token", IsRequired: true });
        }
    }

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task Stages_are_those_that_docker_lists(string engine)
    {
        await using var fixture = await OpenAsync(engine);
        var theirs = await AskDockerAsync(fixture, engine, Stages, "targets");
        var ours = (await AskAsync(fixture, engine, Stages, FrontendQuestion.Targets)).Cast<DockerfileTarget>().ToList();
        Assert.Equal(
            List(theirs["targets"]).Select(t => $"{t["name"]}|{t["default"]?.ToString() ?? "false"}|{t["description"]}|{t["base"]}|{t["platform"]}|{Lines(t)}"),
            ours.Select(t => $"{t.Name}|{(t.IsDefault ? "true" : "false")}|{t.Description}|{t.Base}|{t.Platform}|{Lines(t.Location)}"));
        Assert.Equal(["base", "app", "(default)"], ours.Select(t => t.ToString()));
    }

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task Neither_steps_run_nor_records_stay(string engine)
    {
        await using var fixture = await OpenAsync(engine);
        var mark = "bxq" + Guid.NewGuid().ToString("n")[..12];
        await AskAsync(fixture, engine, $"FROM alpine\nRUN : {mark} && exit 1\n", FrontendQuestion.Lint, r => r with { Target = null, BuildArguments = new Dictionary<string, string> { ["MARK"] = mark } });
        var history = await fixture.TryDockerAsync(["buildx", .. BuilderOption(fixture, engine), "history", "ls", "--format", "{{.Name}}"]);
        Assert.DoesNotContain(Path.GetFileName(_context.Path), history.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FrontendQuestion.Lint)]
    [InlineData(FrontendQuestion.Outline)]
    [InlineData(FrontendQuestion.Targets)]
    public async Task An_old_frontend_is_refused_with_advice(FrontendQuestion question)
    {
        await using var fixture = await OpenAsync("d20");
        var failed = await Assert.ThrowsAnyAsync<BuildxException>(() => AskAsync(fixture, "d20", "FROM alpine\nRUN exit 1\n", question));
        Assert.Equal(BuildxFailure.EngineUnsupported, failed.Failure);
        Assert.Contains("# syntax=docker/dockerfile:1", failed.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stage_that_is_not_there_is_named()
    {
        await using var fixture = await OpenAsync("d28");
        var failed = await Assert.ThrowsAnyAsync<BuildxException>(() => AskAsync(fixture, "d28", Stages, FrontendQuestion.Outline, r => r with { Target = "nowhere" }));
        Assert.Equal(BuildxFailure.TargetNotFound, failed.Failure);
        Assert.Contains("nowhere", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frontend_that_builds_instead_of_answering_is_refused_before_steps_run()
    {
        var engine = new FakeEngine();
        _context.Write("Dockerfile", "FROM alpine\n");
        await using var fixture = new BuilderFixture();
        var parts = BuildParts.Real(fixture.Environment) with { ResolveBuilder = (_, _) => Task.FromResult(engine.Builder()) };
        var failed = await Assert.ThrowsAnyAsync<BuildxException>(async () =>
            await new BuildRunner(fixture.Environment, parts).AskAsync(new BuildRequest { ContextPath = _context.Path }, FrontendQuestion.Lint, Token).ToListAsync(Token));
        Assert.Equal(BuildxFailure.EngineUnsupported, failed.Failure);
        Assert.Equal(BuildxFailure.EngineUnsupported, engine.Build!.Failed!.Failure);
        Assert.Equal((true, "frontend.lint", "moby.buildkit.frontend.subrequests+forward"), (engine.Build.Request.IsInternal, engine.Build.Call!.Attributes["requestid"], engine.Build.Call.Attributes["frontend.caps"]));
        Assert.Empty(engine.Build.Request.Exporters);
    }

    private static async Task<BuilderFixture> OpenAsync(string engine)
    {
        if (engine[0] == 'd')
        {
            return new BuilderFixture(engine);
        }

        var fixture = new BuilderFixture();
        await fixture.Creator.CreateAsync(new BuilderCreation { Name = fixture.Name, Driver = "remote", Endpoint = TestEngines.Require(engine) }, Token);
        return fixture;
    }

    private static string[] BuilderOption(BuilderFixture fixture, string engine) => ["--builder", engine[0] == 'd' ? "default" : fixture.Name];

    private async Task<IReadOnlyList<object>> AskAsync(
        BuilderFixture fixture, string engine, string dockerfile, FrontendQuestion question, Func<BuildRequest, BuildRequest>? change = null)
    {
        _context.Write("Dockerfile", dockerfile);
        var request = new BuildRequest
        {
            ContextPath = _context.Path,
            Builder = engine[0] == 'd' ? new BuilderSelection() : new BuilderSelection { Name = fixture.Name },
        };
        var events = await new BuildRunner(fixture.Environment).AskAsync(change?.Invoke(request) ?? request, question, Token).WithLimit(TimeSpan.FromMinutes(2)).ToListAsync(Token);
        return Assert.IsType<FrontendAnswered>(events[^1]).Answers;
    }

    private async Task<JsonNode> AskDockerAsync(BuilderFixture fixture, string engine, string dockerfile, string call, params string[] options)
    {
        _context.Write("Dockerfile", dockerfile);
        var (_, output, error) = await fixture.TryDockerAsync(["buildx", .. BuilderOption(fixture, engine), "build", $"--call={call},format=json", .. options, _context.Path]);
        Assert.True(output.Length > 0, error);
        return JsonNode.Parse(output)!;
    }

    private static IEnumerable<JsonNode> List(JsonNode? list) => list is JsonArray array ? array.OfType<JsonNode>() : [];

    private static string Mount(JsonNode mount) => $"{mount["name"]}|{mount["required"]?.ToString() ?? "false"}|{Lines(mount)}";

    private static string Mount(OutlineMount mount) => $"{mount.Name}|{(mount.IsRequired ? "true" : "false")}|{Lines(mount.Location)}";

    private static string Lines(JsonNode element)
        => element["location"]?["ranges"]?[0] is { } range ? $"{range["start"]?["line"]}-{range["end"]?["line"] ?? range["start"]?["line"]}" : "-";

    private static string Lines(SourceExcerpt? location) => location is null ? "-" : FormattableString.Invariant($"{location.FirstLine}-{location.LastLine}");
}
