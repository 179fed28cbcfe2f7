using System.Formats.Tar;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Progress;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Builds on real engines.</summary>
public sealed class RealBuildTests : IDisposable
{
    private const string MultiStage = """
        FROM alpine AS build
        ARG WHO=nobody
        RUN echo "hello $WHO" > /greeting && mkdir /data && echo x > /data/x && ln -s x /data/link && chmod 4755 /data/x
        FROM scratch
        COPY --from=build /greeting /data /out/
        COPY a.txt /
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("buildxps-");

    public void Dispose() => _folder.Delete(recursive: true);

    public static TheoryData<string> Daemons => ["d20", "d28", "d28c"];

    private string Context => Path.Join(_folder.FullName, "context");

    private BuildRequest Request(string engine, string dockerfile) => Request(engine, dockerfile, []);

    private BuildRequest Request(string engine, string dockerfile, OutputSpec[] outputs)
    {
        Directory.CreateDirectory(Context);
        File.WriteAllText(Path.Join(Context, "Dockerfile"), dockerfile);
        File.WriteAllText(Path.Join(Context, "a.txt"), "some text\n");
        return new BuildRequest
        {
            ContextPath = Context,
            Builder = new BuilderSelection { DockerHost = TestEngines.Require(engine) },
            Outputs = outputs,
        };
    }

    private static ClientEnvironment Environment(params (string Name, string Value)[] variables) => new()
    {
        Variables = variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal),
        HomeDirectory = Path.GetTempPath(),
    };

    private static async Task<BuildResult> BuildAsync(BuildRequest request, List<BuildEvent>? events = null, params (string Name, string Value)[] variables)
    {
        events ??= [];
        await foreach (var e in new BuildRunner(Environment(variables)).RunAsync(request, TestContext.Current.CancellationToken).WithLimit(s_limit))
        {
            events.Add(e);
        }

        Assert.IsType<BuildStarted>(events[0]);
        return Assert.IsType<BuildCompleted>(events[^1]).Result;
    }

    private string Out(string name) => Path.Join(_folder.FullName, name);

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Stages_arguments_and_copies_are_built_into_a_folder(string engine)
    {
        var request = Request(engine, MultiStage, [new OutputSpec { Type = "local", Destination = Out("tree") }]) with
        {
            BuildArguments = new Dictionary<string, string> { ["WHO"] = "world" },
        };
        var result = await BuildAsync(request);
        Assert.Equal("hello world\n", File.ReadAllText(Out("tree/out/greeting")));
        Assert.Equal("some text\n", File.ReadAllText(Out("tree/a.txt")));
        Assert.Equal("x", new FileInfo(Out("tree/out/link")).LinkTarget);
        Assert.Contains(result.Steps, s => s.Name.StartsWith("[build 2/2] RUN", StringComparison.Ordinal));
        Assert.All(result.Steps, s => Assert.Contains(s.Status, new[] { BuildStepStatus.Completed, BuildStepStatus.Cached }));
        Assert.Equal((Out("tree"), "local"), (Assert.Single(result.Outputs).Path, result.Outputs[0].Type));
        Assert.Equal(["linux/amd64"], result.Platforms.Select(p => p.ToString()));
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task A_tar_is_written_as_one_file(string engine)
    {
        var result = await BuildAsync(Request(engine, MultiStage, [new OutputSpec { Type = "tar", Destination = Out("out.tar") }]));
        Assert.Equal(new FileInfo(Out("out.tar")).Length, Assert.Single(result.Outputs).Size);
        using var reader = new TarReader(File.OpenRead(Out("out.tar")));
        var names = new List<string>();
        while (reader.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name.TrimEnd('/'));
        }

        Assert.Contains("out/greeting", names);
        Assert.Contains("a.txt", names);
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task An_image_is_stored_under_its_names(string engine)
    {
        var request = Request(engine, MultiStage) with
        {
            Tags = [ImageReference.Parse("buildxps-test-runner:one"), ImageReference.Parse("buildxps-test-runner:two")],
            Labels = new Dictionary<string, string> { ["purpose"] = "a test" },
            Load = true,
        };
        var result = await BuildAsync(request);
        Assert.Equal(["docker.io/library/buildxps-test-runner:one", "docker.io/library/buildxps-test-runner:two"], result.Images);
        Assert.Matches("^sha256:[0-9a-f]{64}$", result.Digest);
        Assert.Equal("a test", (await DockerAsync(engine, [], "image", "inspect", "-f", "{{.Config.Labels.purpose}}", "buildxps-test-runner:two")).Trim());
        await DockerAsync(engine, [], "image", "rm", "buildxps-test-runner:one", "buildxps-test-runner:two");
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task A_result_can_stay_in_the_cache_only(string engine)
    {
        var request = Request(engine, MultiStage, [new OutputSpec { Type = "cacheonly" }]) with
        {
            BuildArguments = new Dictionary<string, string> { ["WHO"] = Guid.NewGuid().ToString() },
        };
        var result = await BuildAsync(request);
        Assert.Null(result.Digest);
        Assert.Contains(result.Steps, s => s.Name.Contains("RUN", StringComparison.Ordinal) && s.Status == BuildStepStatus.Completed);
        Assert.Contains((await BuildAsync(request)).Steps, s => s.Name.Contains("RUN", StringComparison.Ordinal) && s.IsCached);
    }

    [Fact]
    public async Task Two_outputs_are_written_by_one_build()
    {
        var result = await BuildAsync(Request("d28", MultiStage, [new OutputSpec { Type = "tar", Destination = Out("out.tar") }, new OutputSpec { Type = "local", Destination = Out("tree") }]));
        Assert.Equal(2, result.Outputs.Count);
        Assert.True(File.Exists(Out("out.tar")) && File.Exists(Out("tree/a.txt")));
    }

    [Fact]
    public async Task An_archive_for_docker_is_written_by_a_daemon_with_a_containerd_store()
    {
        var request = Request("d28", MultiStage, [new OutputSpec { Type = "docker", Destination = Out("image.tar") }]) with { Tags = [ImageReference.Parse("a:b")] };
        await BuildAsync(request);
        using var reader = new TarReader(File.OpenRead(Out("image.tar")));
        var names = new List<string>();
        while (reader.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name);
        }

        Assert.Contains("manifest.json", names);
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task A_step_that_fails_shows_its_output_and_its_place(string engine)
    {
        var request = Request(engine, "FROM alpine\nRUN echo before; echo oops >&2; exit 7\n", [new OutputSpec { Type = "local", Destination = Out("tree") }]);
        var failure = await Assert.ThrowsAnyAsync<BuildFailedException>(() => BuildAsync(request with { NoCache = true }));
        Assert.Equal((BuildxFailure.StepFailed, 7), (failure.Failure, failure.ExitCode));
        Assert.Equal("[2/2] RUN echo before; echo oops >&2; exit 7", failure.StepName);
        Assert.Equal(["before", "oops"], failure.LogTail.Order());
        var source = Assert.Single(failure.Sources);
        Assert.Equal(("Dockerfile:2", true), (source.ToString(), source.Text.Length > 0));
        Assert.Contains("   2 | >>> RUN echo before", FailureReport.Write(failure), StringComparison.Ordinal);
        Assert.False(Path.Exists(Out("tree")));
        Assert.Contains(failure.Steps, s => s.Status == BuildStepStatus.Failed);
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task A_missing_stage_is_named(string engine)
    {
        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync(Request(engine, "FROM alpine AS build\n") with { Target = "nothere" }));
        Assert.Equal(BuildxFailure.TargetNotFound, failure.Failure);
        Assert.Contains("nothere", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task A_missing_file_is_named(string engine)
    {
        var failure = await Assert.ThrowsAnyAsync<BuildFailedException>(() => BuildAsync(Request(engine, "FROM alpine\nCOPY nothere /x\n")));
        Assert.Equal(BuildxFailure.SourceFileNotFound, failure.Failure);
        Assert.Contains("nothere", failure.Message, StringComparison.Ordinal);
        Assert.Equal("Dockerfile:2", Assert.Single(failure.Sources).ToString());
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task A_dockerfile_that_does_not_parse_is_refused(string engine)
    {
        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => BuildAsync(Request(engine, "FROM alpine\nRUNN x\n")));
        Assert.Equal(BuildxFailure.DockerfileInvalid, failure.Failure);
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task A_running_step_is_cancelled_and_the_next_build_works(string engine)
    {
        using var cancel = new CancellationTokenSource();
        var request = Request(engine, $"FROM alpine\nRUN echo {Guid.NewGuid()}; sleep 100\n", [new OutputSpec { Type = "local", Destination = Out("tree") }]);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync().WaitAsync(s_limit));
        Assert.False(Path.Exists(Out("tree")));
        await BuildAsync(Request(engine, MultiStage, [new OutputSpec { Type = "local", Destination = Out("tree") }]));

        async Task RunAsync()
        {
            await foreach (var e in new BuildRunner(Environment()).RunAsync(request, cancel.Token))
            {
                if (e is VertexLog)
                {
                    await cancel.CancelAsync();
                }
            }
        }
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("d28")]
    public async Task An_exported_tree_equals_what_buildx_exports(string engine)
    {
        // Unique, so that every time that a step made is one of this test: 20.10 does not rewrite them, and whether the
        // second build finds the first one's cache is not what is tested.
        var begin = DateTime.UtcNow.AddSeconds(-1);
        var dockerfile = MultiStage.Replace("mkdir /data", $"mkdir /data && : {Guid.NewGuid()}", StringComparison.Ordinal) + "\nCOPY . /all/\n";
        var request = Request(engine, dockerfile, [new OutputSpec { Type = "local", Destination = Out("ours") }]);
        Directory.CreateDirectory(Path.Join(Context, "sub"));
        File.WriteAllText(Path.Join(Context, "sub", "file"), "x");
        File.WriteAllText(Path.Join(Context, ".dockerignore"), "*.log\n");
        File.WriteAllText(Path.Join(Context, "x.log"), "left out");
        File.SetLastWriteTimeUtc(Path.Join(Context, "a.txt"), new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        await BuildAsync(request, null, ("SOURCE_DATE_EPOCH", "1700000000"));
        await DockerAsync(engine, [("SOURCE_DATE_EPOCH", "1700000000")], "buildx", "build", "--output", "type=local,dest=" + Out("theirs"), Context);
        Assert.Equal(Tree(Out("theirs"), begin), Tree(Out("ours"), begin));
    }

    /// <summary>All entries with kind, mode, time (as such where it is older than the test) and content.</summary>
    private static string Tree(string root, DateTime begin) => string.Join('\n', new DirectoryInfo(root)
        .EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
        .OrderBy(e => e.FullName, StringComparer.Ordinal)
        .Select(e => string.Join(' ',
            Path.GetRelativePath(root, e.FullName),
            e.LinkTarget is null ? e.UnixFileMode.ToString() : "-> " + e.LinkTarget,
            e.LastWriteTimeUtc >= begin ? "new" : e.LastWriteTimeUtc.Ticks,
            e is FileInfo { LinkTarget: null } ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(e.FullName))) : "")));

    private static async Task<string> DockerAsync(string engine, (string Name, string Value)[] variables, params string[] arguments)
    {
        var (exitCode, output, error) = await DockerCommand.RunAsync(engine, variables, arguments);
        Assert.True(exitCode == 0, error);
        return output;
    }
}
