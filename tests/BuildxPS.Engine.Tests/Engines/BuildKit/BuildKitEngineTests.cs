using System.Formats.Tar;
using System.Text;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

public sealed class BuildKitEngineTests
{
    private static readonly EngineExporter s_tar = new() { Type = "tar" };

    public static TheoryData<string> Engines => ["d20", "d28", "d28c", "bkd"];

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_copied_file_comes_back_in_a_tar(string name)
    {
        await using var engine = RealEngine.Connect(name);
        var output = new MemoryFileOutput();
        var context = new MemoryFileSource().Add("hello.txt", $"hello {Guid.NewGuid()}");

        var (_, events) = await RealEngine.BuildAsync(engine, RealEngine.Services("FROM scratch\nCOPY hello.txt /x/\n", context, output), [s_tar]);

        using var tar = new TarReader(new MemoryStream(output.Content.ToArray()));
        var entries = new Dictionary<string, string>();
        while (tar.GetNextEntry() is { } entry)
        {
            entries[entry.Name.Trim('/', '.')] = entry.DataStream is null ? "" : new StreamReader(entry.DataStream).ReadToEnd();
        }

        Assert.StartsWith("hello ", entries["x/hello.txt"], StringComparison.Ordinal);
        var copy = events.OfType<VertexChanged>().Last(v => v.Name.Contains("COPY hello.txt", StringComparison.Ordinal));
        Assert.NotNull(copy.Completed);
        Assert.Contains(events.OfType<VertexProgress>(), p => p.Id.StartsWith("transferring context", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("d28")]
    public async Task A_session_works_over_the_daemons_own_route(string name)
    {
        await using var engine = RealEngine.Connect(name, overSessionRoute: true);
        var output = new MemoryFileOutput();
        var context = new MemoryFileSource().Add("a", $"{Guid.NewGuid()}");

        await RealEngine.BuildAsync(engine, RealEngine.Services("FROM scratch\nCOPY a /\n", context, output), [s_tar]);

        Assert.True(output.Content.ToArray().Length > 512);
    }

    [Theory]
    [InlineData("d20", false)]
    [InlineData("d28", true)]
    [InlineData("d28c", true)]
    [InlineData("bkd", true)]
    public async Task A_step_that_fails_names_itself_its_exit_code_and_its_line(string name, bool hasDetails)
    {
        await using var engine = RealEngine.Connect(name);
        var dockerfile = $"FROM busybox\nRUN echo {Guid.NewGuid()} && echo last words && exit 7\n";

        var error = await Assert.ThrowsAsync<BuildFailedException>(
            () => RealEngine.BuildAsync(engine, RealEngine.Services(dockerfile), []));

        Assert.Equal(BuildxFailure.StepFailed, error.Failure);
        Assert.Equal(7, error.ExitCode);
        Assert.Contains("RUN echo", error.StepName, StringComparison.Ordinal);
        Assert.Equal("last words", error.LogTail[^1]);
        if (hasDetails)
        {
            Assert.Equal(2, Assert.Single(error.Sources).FirstLine);
            Assert.Contains("last words && exit 7", error.Sources[0].Render(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("FROM scratch\nCOPY missing /\n", "", BuildxFailure.SourceFileNotFound)]
    [InlineData("FROM scratch\nBOGUS x\n", "", BuildxFailure.DockerfileInvalid)]
    [InlineData("FROM scratch\nCOPY Dockerfile /\n", "nowhere", BuildxFailure.TargetNotFound)]
    [InlineData("FROM REGISTRY/library/busybox:no-such-tag\n", "", BuildxFailure.ImageNotFound)]
    [InlineData("FROM no-such-host.invalid/a/b\n", "", BuildxFailure.NameNotResolved)]
    public async Task What_a_Dockerfile_lacks_is_told_apart(string dockerfile, string target, BuildxFailure failure)
    {
        dockerfile = dockerfile.Replace("REGISTRY", TestEngines.Registry("plain"), StringComparison.Ordinal);
        foreach (var row in Engines)
        {
            var name = row.Data;
            await using var engine = RealEngine.Connect(name);
            var call = target.Length == 0 ? RealEngine.Dockerfile() : RealEngine.Dockerfile(("target", target));
            var error = await Assert.ThrowsAsync<BuildFailedException>(
                () => RealEngine.BuildAsync(engine, RealEngine.Services(dockerfile), [], call));

            Assert.True(failure == error.Failure, $"{name}: {error.Failure}: {error.Message}");
            Assert.DoesNotContain("rpc error", error.Message, StringComparison.Ordinal);
            Assert.NotEmpty(error.Advice);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_missing_Dockerfile_is_told(string name)
    {
        await using var engine = RealEngine.Connect(name);
        var error = await Assert.ThrowsAsync<BuildFailedException>(
            () => RealEngine.BuildAsync(engine, RealEngine.Services("FROM scratch"), [], RealEngine.Dockerfile(("filename", "Other"))));

        Assert.Equal(BuildxFailure.DockerfileNotFound, error.Failure);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_exporter_that_the_engine_lacks_is_told_without_waiting(string name)
    {
        await using var engine = RealEngine.Connect(name);
        var error = await Assert.ThrowsAsync<BuildFailedException>(
            () => RealEngine.BuildAsync(engine, RealEngine.Services("FROM scratch\nCOPY Dockerfile /\n"), [new() { Type = "bogus" }]));

        Assert.Equal(BuildxFailure.EngineUnsupported, error.Failure);
        Assert.Contains("bogus", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Cancelling_in_the_middle_of_a_step_ends_it_and_the_next_build_works(string name)
    {
        await using var engine = RealEngine.Connect(name);
        using var cancel = new CancellationTokenSource();
        var build = new EngineBuild { Ref = RealEngine.NewRef() };
        var services = RealEngine.Services($"FROM busybox\nRUN echo {Guid.NewGuid()} && sleep 300\n");
        await using (var running = await engine.StartAsync(build, services, cancel.Token))
        {
            var started = new TaskCompletionSource();
            var events = Task.Run(async () =>
            {
                var last = new Dictionary<string, VertexChanged>();
                await foreach (var e in running.Events)
                {
                    if (e is VertexChanged { } vertex)
                    {
                        last[vertex.Digest] = vertex;
                    }

                    if (e is VertexChanged { Started: not null, Name: var step } && step.Contains("sleep", StringComparison.Ordinal))
                    {
                        started.TrySetResult();
                    }
                }

                return last.Values.Single(v => v.Name.Contains("sleep", StringComparison.Ordinal));
            });
            var result = await running.SolveAsync(RealEngine.Dockerfile(), CancellationToken.None).WaitAsync(RealEngine.Guard);
            var export = running.ExportAsync(result, CancellationToken.None);
            await started.Task.WaitAsync(RealEngine.Guard);

            await cancel.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => export.WaitAsync(RealEngine.Guard));
            var step = await events.WaitAsync(RealEngine.Guard);
            Assert.Contains("canceled", step.Error, StringComparison.Ordinal);
        }

        await RealEngine.BuildAsync(engine, RealEngine.Services("FROM scratch\nCOPY Dockerfile /\n", new MemoryFileSource().Add("Dockerfile", "x")), []);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Leaving_a_build_without_an_end_cancels_it(string name)
    {
        await using var engine = RealEngine.Connect(name);
        var build = new EngineBuild { Ref = RealEngine.NewRef() };
        var running = await engine.StartAsync(build, RealEngine.Services("FROM scratch"), CancellationToken.None).WaitAsync(RealEngine.Guard);
        var events = RealEngine.CollectAsync(running);

        await running.DisposeAsync().AsTask().WaitAsync(RealEngine.Guard);

        await events.WaitAsync(RealEngine.Guard);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_engine_describes_itself(string name)
    {
        await using var engine = RealEngine.Connect(name);
        var description = await engine.DescribeAsync(CancellationToken.None).WaitAsync(RealEngine.Guard);

        Assert.Contains(Platform.Parse("linux/amd64"), description.Platforms);
        Assert.Contains("source.image", description.Capabilities);
        Assert.Equal(name == "d20", description.Version is null);
        Assert.Equal(name != "d20", description.Capabilities.Contains("exporter.multiple"));
        Assert.Same(description, await engine.DescribeAsync(CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Builds_run_side_by_side_on_one_connection(string name)
    {
        await using var engine = RealEngine.Connect(name);
        var builds = Enumerable.Range(0, 8).Select(async number =>
        {
            var output = new MemoryFileOutput();
            var content = $"number {number} {Guid.NewGuid()}";
            var context = new MemoryFileSource().Add("n", content);
            await RealEngine.BuildAsync(engine, RealEngine.Services("FROM scratch\nCOPY n /\n", context, output), [s_tar]);
            return (content, Encoding.UTF8.GetString(output.Content.ToArray()));
        });

        foreach (var (content, tar) in await Task.WhenAll(builds).WaitAsync(RealEngine.Guard))
        {
            Assert.Contains(content, tar, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_result_can_be_evaluated_and_read_before_it_is_exported(string name)
    {
        await using var engine = RealEngine.Connect(name);
        var secret = Guid.NewGuid().ToString();
        var services = RealEngine.Services($"FROM busybox\nRUN echo {secret} > /made\n");
        await using var running = await engine.StartAsync(new EngineBuild { Ref = RealEngine.NewRef() }, services, CancellationToken.None);
        var events = RealEngine.CollectAsync(running);
        var result = await running.SolveAsync(RealEngine.Dockerfile(), CancellationToken.None).WaitAsync(RealEngine.Guard);

        await running.EvaluateAsync(result, CancellationToken.None).WaitAsync(RealEngine.Guard);
        var made = await running.ReadFileAsync(result, null, "/made", 8, CancellationToken.None).WaitAsync(RealEngine.Guard);
        await running.ExportAsync(result, CancellationToken.None).WaitAsync(RealEngine.Guard);

        Assert.Equal(secret[..8], Encoding.UTF8.GetString(made.Span));
        Assert.True(result.Metadata.ContainsKey("containerimage.config"));
        Assert.Contains(await events.WaitAsync(RealEngine.Guard), e => e is VertexChanged { Completed: not null } v && v.Name.Contains("/made", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_dockerignore_of_a_thousand_lines_is_no_hindrance(string name)
    {
        await using var engine = RealEngine.Connect(name);
        var output = new MemoryFileOutput();
        var context = new MemoryFileSource()
            .Add(".dockerignore", string.Join('\n', Enumerable.Range(0, 1000).Select(n => $"no/such/folder/{n}/**/*.tmp")))
            .Add("a", $"{Guid.NewGuid()}");

        await RealEngine.BuildAsync(engine, RealEngine.Services("FROM scratch\nCOPY a /\n", context, output), [s_tar]);

        Assert.True(output.Content.ToArray().Length > 512);
    }

    [Fact]
    public async Task A_source_that_cannot_be_read_fails_the_build_with_its_own_error()
    {
        await using var engine = RealEngine.Connect("bkd");
        var unreadable = new BuildxException(BuildxFailure.BuildContextUnreadable, "cannot read 'a'", "Make it readable.");
        var context = new MemoryFileSource { Opening = _ => throw unreadable }.Add("a", $"{Guid.NewGuid()}");

        var error = await Assert.ThrowsAsync<BuildxException>(
            () => RealEngine.BuildAsync(engine, RealEngine.Services("FROM scratch\nCOPY a /\n", context), []));

        Assert.Same(unreadable, error);
    }

    [Fact]
    public async Task A_warning_comes_with_its_line_and_page()
    {
        await using var engine = RealEngine.Connect("bkd");
        var (_, events) = await RealEngine.BuildAsync(engine, RealEngine.Services($"FROM busybox as lower\nRUN echo {Guid.NewGuid()}\n"), []);

        var warning = Assert.Single(events.OfType<VertexWarning>()).Warning;
        Assert.StartsWith("FromAsCasing", warning.Message, StringComparison.Ordinal);
        Assert.Equal("Dockerfile:1", warning.Source?.ToString());
        Assert.Equal("https", warning.Url?.Scheme);
    }
}
