using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Progress.Ci;
using static BuildxPS.Engine.Tests.Progress.Events;

namespace BuildxPS.Engine.Tests.Progress.Ci;

public sealed class CiLogTests : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly string _outputs = Path.Combine(Path.GetTempPath(), "bxp-" + Guid.NewGuid().ToString("N"));

    public void Dispose() => File.Delete(_outputs);

    private static ClientEnvironment Environment(params (string Name, string Value)[] variables) => new()
    {
        Variables = variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal),
        HomeDirectory = "/home/me",
    };

    private CiSystem GitHub => CiSystem.Find(Environment(("GITHUB_ACTIONS", "true"), ("GITHUB_WORKSPACE", "/work/repo"), ("GITHUB_OUTPUT", _outputs)))!;

    private static CiSystem Azure => CiSystem.Find(Environment(("TF_BUILD", "True"), ("BUILD_SOURCESDIRECTORY", "/agent/1/s")))!;

    private List<string> Run(CiSystem system, CiLogOptions options, Exception? failure, params BuildEvent[] events)
    {
        var log = new CiLog(system, options, _clock);
        var lines = new List<string>();
        foreach (var e in events)
        {
            lines.AddRange(log.Handle(e));
            _clock.Advance(0.15);
            lines.AddRange(log.Handle(new BuildPulse()));
        }

        lines.AddRange(log.Finish(failure));
        return lines;
    }

    private static VertexWarning Warned(string message, string file = "Dockerfile", int line = 3) => new()
    {
        Warning = new BuildWarning { Message = message, Source = new SourceExcerpt { FileName = file, FirstLine = line, LastLine = line } },
    };

    private static BuildCompleted Completed() => new()
    {
        Result = new BuildResult
        {
            BuildRef = "b/b0/abc",
            Builder = "b",
            Digest = "sha256:" + new string('a', 64),
            ImageId = "sha256:" + new string('b', 64),
            Images = ["registry.example/app:1"],
            Duration = TimeSpan.FromSeconds(12.34),
            Steps = [new BuildStep { Number = 1, Name = "x", Digest = "d", Status = BuildStepStatus.Cached }],
        },
    };

    [Fact]
    public void What_an_engine_calls_a_digest_and_is_none_gets_into_no_script()
    {
        var hostile = Completed().Result with { Digest = "sha256:a\"; id #", ImageId = "$(id)", Images = ["a b`id`"], BuildRef = "b/b0/${{ x }}" };
        Assert.DoesNotContain(Run(Azure, new CiLogOptions(), null, new BuildCompleted { Result = hostile }), l => l.Contains("setvariable", StringComparison.Ordinal));
        Run(GitHub, new CiLogOptions(), null, new BuildCompleted { Result = hostile });
        Assert.True(!File.Exists(_outputs) || File.ReadAllText(_outputs).Length == 0);
    }

    [Fact]
    public void Builds_whose_names_are_alike_to_a_variable_have_their_own_results()
    {
        var system = Azure;
        var names = "a-b a_b A.B".Split(' ').SelectMany(label => Run(system, new CiLogOptions { Label = label }, null, Completed()))
            .Where(l => l.Contains("variable=BuildxDigest", StringComparison.Ordinal) && !l.Contains("isOutput", StringComparison.Ordinal)).Select(l => l.Split(';')[0]).ToList();
        Assert.Equal(3, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public void An_output_without_an_end_of_line_stays_what_it_is()
    {
        File.WriteAllText(_outputs, "x=1");
        Run(GitHub, new CiLogOptions(), null, Completed());
        Assert.Equal("x=1", File.ReadAllLines(_outputs)[0]);
        Assert.StartsWith("digest=sha256:", File.ReadAllLines(_outputs)[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CI", "true", false)]
    [InlineData("TF_BUILD", "False", false)]
    [InlineData("TF_BUILD", "True", true)]
    [InlineData("GITHUB_ACTIONS", "true", true)]
    [InlineData("GITHUB_ACTIONS", "", false)]
    public void A_system_is_found_by_its_own_variable(string variable, string value, bool isFound)
        => Assert.Equal(isFound, CiSystem.Find(Environment((variable, value))) is not null);

    [Fact]
    public void A_step_that_prints_is_a_group_and_how_it_ended_stays_visible()
    {
        BuildEvent[] events =
        [
            Started(),
            Vertex("a", "[1/2] FROM busybox", 0, 0, cached: true),
            Vertex("b", "[2/2] RUN echo 100%", 0),
            Log("b", "one\n", 0.5),
            Vertex("b", "[2/2] RUN echo 100%", 0, 1),
        ];
        Assert.Equal(
            ["#0 building with \"default\" instance using docker driver", "#1 [1/2] FROM busybox", "#1 CACHED", "::group::#2 [2/2] RUN echo 100%25", "#2 0.500 one", "::endgroup::", "#2 DONE 1.0s"],
            Run(GitHub, new CiLogOptions(), null, events));
        Assert.Equal(
            ["#0 building with \"default\" instance using docker driver", "#1 [1/2] FROM busybox", "#1 CACHED", "##[group]#2 [2/2] RUN echo 100%", "#2 0.500 one", "##[endgroup]", "#2 DONE 1.0s"],
            Run(Azure, new CiLogOptions(), null, events));
    }

    [Fact]
    public void A_group_ends_when_another_step_gets_its_turn_and_at_the_end()
    {
        var lines = Run(GitHub, new CiLogOptions(), null, Vertex("a", "first", 0), Log("a", "a\n", 0.1), Vertex("b", "second", 0, 0.2), Log("a", "b\n", 0.3));
        Assert.Equal(["::group::#1 first", "#1 0.100 a", "#1 ...", "::endgroup::", "#2 second", "#2 DONE 0.2s", "::group::#1 first", "#1 0.300 b", "::endgroup::"], lines);
    }

    [Fact]
    public void Warnings_stand_on_lines_of_the_Dockerfile_in_the_workspace()
    {
        var warning = Warned("FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 3)");
        Assert.Equal(
            ["::warning file=src/app/Dockerfile,line=3,endLine=3,title=FromAsCasing::FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 3)"],
            Run(GitHub, new CiLogOptions { DockerfilePath = "/work/repo/src/app/Dockerfile" }, null, warning, warning));
        Assert.Equal(
            ["##vso[task.logissue type=warning;sourcepath=/elsewhere/Dockerfile;linenumber=3;code=FromAsCasing;]FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 3)"],
            Run(Azure, new CiLogOptions { DockerfilePath = "/elsewhere/Dockerfile" }, null, warning));
        Assert.Empty(Run(GitHub, new CiLogOptions { ReportsWarnings = false }, null, warning));
    }

    [Fact]
    public void A_failure_is_an_error_on_its_line_with_the_advice()
    {
        var failure = new BuildFailedException(BuildxFailure.StepFailed, "The step failed:\nexit code 3", "Read the log.")
        {
            Sources = [new SourceExcerpt { FileName = "Dockerfile", FirstLine = 2, LastLine = 4 }],
        };
        Assert.Equal(["::error file=Dockerfile,line=2,endLine=4,title=StepFailed::The step failed:%0Aexit code 3%0ARead the log."], Run(GitHub, new CiLogOptions(), failure));
        Assert.Equal(["##vso[task.logissue type=error;sourcepath=Dockerfile;linenumber=2;code=StepFailed;]The step failed:%0Aexit code 3%0ARead the log."], Run(Azure, new CiLogOptions(), failure));
        Assert.Empty(Run(GitHub, new CiLogOptions { ReportsErrors = false }, failure));
    }

    [Fact]
    public void Nothing_that_comes_from_a_build_begins_a_command_or_ends_one_early()
    {
        const string Hostile = "Rule: x\r\n##vso[task.setvariable variable=a]b\n::set-output name=a::b;c]d,e:100%\u001b]0;title\u0007";
        foreach (var (system, own) in new[] { (GitHub, "::"), (Azure, "##") })
        {
            var lines = Run(
                system,
                new CiLogOptions { Label = "::error::folder" },
                new BuildxException(BuildxFailure.TagInvalid, Hostile, Hostile),
                Vertex("a", Hostile, 0),
                Log("a", Hostile + "\n", 0.1),
                Warned(Hostile, "a::b]c;d,e\n##vso[x]"),
                Vertex("a", Hostile, 0, 1, error: Hostile));
            Assert.All(lines, l => Assert.Equal(-1, l.IndexOfAny(['\n', '\r', '\u001b', '\u0007'])));
            foreach (var line in lines.Where(l => l.StartsWith(own, StringComparison.Ordinal)))
            {
                Assert.True(line.StartsWith("::warning file=", StringComparison.Ordinal) || line.StartsWith("::error title=TagInvalid::", StringComparison.Ordinal) || line.StartsWith("##vso[task.logissue type=", StringComparison.Ordinal), line);
                Assert.DoesNotContain("##vso[task.setvariable", line, StringComparison.Ordinal);
            }

            Assert.All(lines.Where(l => !l.StartsWith(own, StringComparison.Ordinal)), l => Assert.DoesNotContain("##vso[", l, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public void Properties_and_data_are_escaped_as_each_system_reads_them()
    {
        var issue = new CiIssue { Message = "a%b\nc;d]e:f", File = "a,b:c;d]e%", Line = 1, EndLine = 1 };
        Assert.Equal("::warning file=a%2Cb%3Ac;d]e%25,line=1,endLine=1::a%25b%0Ac;d]e:f", GitHub.Report(issue));
        Assert.Equal("##vso[task.logissue type=warning;sourcepath=a,b:c%3Bd%5De%AZP25;linenumber=1;]a%AZP25b%0Ac;d]e:f", Azure.Report(issue));
    }

    [Fact]
    public void Results_are_outputs_of_the_step()
    {
        File.WriteAllText(_outputs, "before=1\n");
        Assert.Equal([$"Built sha256:{new string('a', 64)} in 12.3s: 1 step, 1 cached"], Run(GitHub, new CiLogOptions(), null, Completed()));
        Assert.Equal(
            ["before=1", "digest=sha256:" + new string('a', 64), "imageid=sha256:" + new string('b', 64), "image=registry.example/app:1", "buildref=b/b0/abc"],
            File.ReadAllLines(_outputs));
    }

    [Fact]
    public void Results_are_variables_for_the_job_and_for_others()
    {
        var lines = Run(Azure, new CiLogOptions(), null, Completed());
        Assert.Equal(9, lines.Count);
        Assert.Equal($"##vso[task.setvariable variable=BuildxDigest;]sha256:{new string('a', 64)}", lines[1]);
        Assert.Equal($"##vso[task.setvariable variable=BuildxDigest;isOutput=true;]sha256:{new string('a', 64)}", lines[2]);
        Assert.Contains("##vso[task.setvariable variable=BuildxImage;]registry.example/app:1", lines);
    }

    [Fact]
    public void Builds_side_by_side_have_no_groups_and_results_of_their_own()
    {
        var lines = Run(Azure, new CiLogOptions { Label = "web app" }, null, Vertex("a", "x", 0), Log("a", "y\n", 0.1), Vertex("a", "x", 0, 1), Completed());
        Assert.Equal(["web app #1 x", "web app #1 0.100 y", "web app #1 DONE 1.0s"], lines.Take(3));
        Assert.Contains("##vso[task.setvariable variable=BuildxBuildRef_web_app;]b/b0/abc", lines);
    }

    [Fact]
    public void Outputs_that_cannot_be_written_are_warned_of()
    {
        var system = CiSystem.Find(Environment(("GITHUB_ACTIONS", "true"), ("GITHUB_OUTPUT", Path.Combine(_outputs, "missing", "file"))))!;
        Assert.StartsWith("::warning::The build's results are not among the step's outputs", Run(system, new CiLogOptions(), null, Completed())[^1], StringComparison.Ordinal);
    }
}
