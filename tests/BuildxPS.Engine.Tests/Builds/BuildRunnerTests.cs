using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Images.Credentials;
using BuildxPS.Engine.Sessions.Files.Systems;
using static BuildxPS.Engine.Tests.Progress.Events;

namespace BuildxPS.Engine.Tests.Builds;

public sealed class BuildRunnerTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("buildxps-");
    private readonly FakeEngine _engine = new();
    private readonly List<FakeOutput> _outputs = [];
    private readonly Dictionary<string, FakeSource> _sources = [];
    private readonly Dictionary<string, string> _variables = [];
    private Action<FakeOutput> _onOutput = _ => { };
    private int _resolved;

    public BuildRunnerTests() => File.WriteAllText(Path.Join(_folder.FullName, "Dockerfile"), "FROM alpine\nRUN make\n");

    public void Dispose() => _folder.Delete(recursive: true);

    private BuildRequest Request => new() { ContextPath = _folder.FullName };

    private string Tar => Path.Join(_folder.FullName, "out.tar");

    private OutputSpec TarOutput => new() { Type = "tar", Destination = Tar };

    private BuildRunner Runner() => new(
        new ClientEnvironment { Variables = _variables, HomeDirectory = _folder.FullName },
        new BuildParts
        {
            ResolveBuilder = (_, _) =>
            {
                _resolved++;
                return Task.FromResult(_engine.Builder());
            },
            OpenSource = root => _sources[root] = new FakeSource(root),
            CreateOutput = output =>
            {
                var made = new FakeOutput(output.Spec.Destination!);
                _onOutput(made);
                _outputs.Add(made);
                return made;
            },
            OpenDocker = _ => throw new InvalidOperationException("no docker is needed"),
            OpenCredentials = () => new CredentialStore(new ClientEnvironment { Variables = _variables, HomeDirectory = _folder.FullName }),
        });

    private async Task<List<BuildEvent>> RunAsync(BuildRequest request, CancellationToken cancellationToken = default)
    {
        var events = new List<BuildEvent>();
        await CollectAsync(request, events, cancellationToken);
        return events;
    }

    private Task CollectAsync(BuildRequest request, List<BuildEvent> events, CancellationToken cancellationToken = default)
    {
        return Collect().WaitAsync(s_limit, TestContext.Current.CancellationToken);

        async Task Collect()
        {
            await foreach (var e in Runner().RunAsync(request, cancellationToken))
            {
                if (e is not BuildPulse)
                {
                    events.Add(e);
                }
            }
        }
    }

    private static async Task WriteAsync(FakeBuild build, int output, string text, CancellationToken cancellationToken)
    {
        await using var stream = await ((IFileOutput)build.Services.Outputs[output]!).OpenAsync(new Dictionary<string, string>(), cancellationToken);
        await stream.WriteAsync(FakeOutput.Bytes(text), cancellationToken);
    }

    [Fact]
    public async Task A_build_goes_from_started_to_completed()
    {
        _engine.Response["containerimage.digest"] = "sha256:abc";
        _engine.Metadata["containerimage.config"] = FakeOutput.Bytes("""{"architecture":"arm64","os":"linux"}""");
        _engine.Solve = (build, _) =>
        {
            build.Send(Vertex("a", "[1/2] FROM alpine", 0, 1, cached: true));
            return Task.CompletedTask;
        };
        _engine.Export = (build, _) =>
        {
            build.Send(Vertex("b", "[2/2] RUN make", 1, 3), new VertexWarning { Warning = new BuildWarning { Message = "w" } });
            return Task.CompletedTask;
        };

        var events = await RunAsync(Request with { Tags = [ImageReference.Parse("app")] });

        var started = Assert.IsType<BuildStarted>(events[0]);
        Assert.Matches("^default/default/[0-9a-z]{25}$", started.BuildRef);
        Assert.Equal("the only node", Assert.Single(started.Plan.Nodes).Reason);
        var result = Assert.IsType<BuildCompleted>(events[^1]).Result;
        Assert.Equal(5, events.Count);
        Assert.Equal((started.BuildRef, "sha256:abc", 1), (result.BuildRef, result.Digest, result.CachedSteps));
        Assert.Equal(["docker.io/library/app:latest"], result.Images);
        Assert.Equal(["[1/2] FROM alpine", "[2/2] RUN make"], result.Steps.Select(s => s.Name));
        Assert.Equal([Platform.Parse("linux/arm64")], result.Platforms);
        Assert.Equal("w", Assert.Single(result.Warnings).Message);
        Assert.Equal(started.BuildRef, result.Metadata["buildx.build.ref"]);
        Assert.Equal("image", Assert.Single(result.Outputs).Type);
        var exporter = Assert.Single(_engine.Build!.Request.Exporters);
        Assert.Equal(("moby", "docker.io/library/app:latest"), (exporter.Type, exporter.Attributes["name"]));
        Assert.Equal(_engine.Build.Call!.Attributes, _engine.Build.Request.FrontendAttributes);
        Assert.Equal(["context", "dockerfile"], _engine.Build.Services.Sources.Keys.Order());
        Assert.True(_engine.IsDisposed);
    }

    [Fact]
    public async Task A_build_that_succeeded_has_no_step_under_way_though_the_engine_did_not_end_it()
    {
        _engine.Export = (build, _) =>
        {
            build.Send(Vertex("a", "[internal] load .dockerignore", 1));
            return Task.CompletedTask;
        };
        var events = await RunAsync(Request);
        var result = Assert.IsType<BuildCompleted>(events[^1]).Result;
        Assert.Equal(BuildStepStatus.Completed, Assert.Single(result.Steps).Status);
    }

    [Fact]
    public async Task An_output_is_put_in_place_after_the_engine_is_done()
    {
        var second = Path.Join(_folder.FullName, "second.tar");
        _engine.Export = async (build, ct) =>
        {
            await WriteAsync(build, 0, "first", ct);
            await WriteAsync(build, 1, "the second", ct);
            Assert.DoesNotContain(_outputs, o => o.IsCommitted);
        };
        var events = await RunAsync(Request with { Outputs = [TarOutput, new OutputSpec { Type = "tar", Destination = second }] });
        var result = Assert.IsType<BuildCompleted>(events[^1]).Result;
        Assert.Equal([(Tar, 5L), (second, 10L)], result.Outputs.Select(o => (o.Path!, o.Size!.Value)));
        Assert.Equal("the second", File.ReadAllText(second));
        Assert.Empty(result.Images);
    }

    [Fact]
    public async Task A_step_that_fails_is_explained_after_its_events()
    {
        _engine.Export = (build, _) =>
        {
            build.Send(
                Vertex("b", "[2/2] RUN make", 1),
                Log("b", string.Concat(Enumerable.Range(1, 12).Select(i => $"line {i}\n")) + "\u001b[31mred\u001b[0m", 2),
                Vertex("b", "[2/2] RUN make", 1, 3, error: "process did not complete successfully: exit code: 2"));
            throw new BuildFailedException(BuildxFailure.StepFailed, "failed to solve", "Read the log.") { VertexDigest = "b" };
        };
        var events = new List<BuildEvent>();
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => CollectAsync(Request with { Outputs = [TarOutput] }, events));
        Assert.Equal(4, events.Count);
        Assert.Equal((BuildxFailure.StepFailed, "[2/2] RUN make", 2), (failure.Failure, failure.StepName, failure.ExitCode));
        Assert.Equal([.. Enumerable.Range(4, 9).Select(i => $"line {i}"), "red"], failure.LogTail);
        Assert.Equal("Dockerfile:2", Assert.Single(failure.Sources).ToString());
        Assert.Equal(BuildStepStatus.Failed, Assert.Single(failure.Steps).Status);
        Assert.Matches("^default/default/[0-9a-z]{25}$", failure.BuildRef);
        Assert.False(_outputs[0].IsCommitted);
        Assert.True(_outputs[0].Disposed.Task.IsCompleted);
    }

    [Fact]
    public async Task A_program_for_another_processor_is_recognised()
    {
        _engine.Export = (build, _) =>
        {
            build.Send(Vertex("b", "[2/2] RUN make", 1), Log("b", "exec /bin/sh: exec format error\n", 2), Vertex("b", "[2/2] RUN make", 1, 3, error: "exit code: 255"));
            throw new BuildFailedException(BuildxFailure.StepFailed, "failed", "x") { VertexDigest = "b" };
        };
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => RunAsync(Request));
        Assert.Equal(BuildxFailure.EmulatorMissing, failure.Failure);
    }

    [Fact]
    public async Task A_frontend_that_refuses_ends_the_build_as_failed()
    {
        _engine.Solve = (_, _) => throw new BuildFailedException(BuildxFailure.TargetNotFound, "no such stage", "x");
        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => RunAsync(Request));
        Assert.Equal(BuildxFailure.TargetNotFound, failure.Failure);
        Assert.Equal("no such stage", _engine.Build!.Failed!.Message);
    }

    [Fact]
    public async Task A_failure_on_our_side_wins_over_what_the_engine_makes_of_it()
    {
        _engine.Solve = (build, ct) =>
        {
            _sources[_folder.FullName].Failure = new BuildxException(BuildxFailure.BuildContextUnreadable, "cannot read a", "x");
            Assert.Throws<BuildxException>(() => build.Services.Sources["dockerfile"].List(new FileSelection(), ct).ToList());
            throw new BuildFailedException(BuildxFailure.EngineError, "rpc error: something", "x");
        };
        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(Request));
        Assert.Equal((BuildxFailure.BuildContextUnreadable, "cannot read a"), (failure.Failure, failure.Message));
    }

    [Fact]
    public async Task An_output_that_cannot_be_written_wins_too()
    {
        _onOutput = o => o.WriteFailure = new BuildxException(BuildxFailure.DiskFull, "disk full", "x");
        _engine.Export = async (build, ct) =>
        {
            await Assert.ThrowsAsync<BuildxException>(() => WriteAsync(build, 0, "x", ct));
            throw new BuildFailedException(BuildxFailure.EngineError, "export failed", "x");
        };
        Assert.Equal(BuildxFailure.DiskFull, (await Assert.ThrowsAsync<BuildxException>(() => RunAsync(Request with { Outputs = [TarOutput] }))).Failure);
    }

    [Fact]
    public async Task A_destination_that_cannot_be_taken_at_the_end_fails_the_build()
    {
        _onOutput = o => o.CommitFailure = new BuildxException(BuildxFailure.DestinationNotWritable, "no", "x");
        var events = new List<BuildEvent>();
        var failure = await Assert.ThrowsAsync<BuildxException>(() => CollectAsync(Request with { Outputs = [TarOutput] }, events));
        Assert.Equal(BuildxFailure.DestinationNotWritable, failure.Failure);
        Assert.DoesNotContain(events, e => e is BuildCompleted);
        Assert.True(_outputs[0].Disposed.Task.IsCompleted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancelling_stops_the_engine_and_leaves_nothing_behind(bool engineHangs)
    {
        _engine.HangsOnDispose = engineHangs;
        using var cancel = new CancellationTokenSource();
        _engine.Export = async (build, ct) =>
        {
            build.Send(Vertex("b", "[2/2] RUN sleep", 1));
            await Task.Delay(Timeout.Infinite, engineHangs ? CancellationToken.None : ct);
        };
        var running = Task.Run(async () =>
        {
            await foreach (var e in Runner().RunAsync(Request with { Outputs = [TarOutput] }, cancel.Token))
            {
                if (e is VertexChanged)
                {
                    await cancel.CancelAsync();
                }
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(s_limit));
        await _engine.Build!.Cancelled.Task.WaitAsync(s_limit);
        await _outputs[0].Disposed.Task.WaitAsync(s_limit);
        Assert.False(File.Exists(Tar));
    }

    [Fact]
    public async Task Leaving_the_enumeration_early_stops_the_build()
    {
        _engine.Solve = (_, ct) => Task.Delay(Timeout.Infinite, ct);
        await Task.Run(async () =>
        {
            await foreach (var e in Runner().RunAsync(Request, CancellationToken.None))
            {
                Assert.IsType<BuildStarted>(e);
                break;
            }
        }).WaitAsync(s_limit);
        Assert.True(_engine.Build is null || await _engine.Build.Cancelled.Task.WaitAsync(s_limit).ContinueWith(t => t.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task A_reader_that_waits_does_not_lose_events()
    {
        _engine.Export = async (build, ct) =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                build.Send(Moved("a", "p", i));
                if (i % 1000 == 0)
                {
                    await Task.Yield();
                }
            }
        };
        Assert.Equal(10_002, (await RunAsync(Request)).Count);
    }

    [Fact]
    public async Task A_quiet_build_gives_pulses()
    {
        var heard = new TaskCompletionSource();
        _engine.Solve = (_, ct) => heard.Task.WaitAsync(ct);
        var pulses = 0;
        await Task.Run(async () =>
        {
            await foreach (var e in Runner().RunAsync(Request, CancellationToken.None))
            {
                if (e is BuildPulse && ++pulses == 2)
                {
                    heard.SetResult();
                }
            }
        }).WaitAsync(s_limit);
        Assert.True(pulses >= 2);
    }

    public static TheoryData<string, BuildxFailure> BadRequests => new()
    {
        { "no context", BuildxFailure.BuildContextNotFound },
        { "context is a file", BuildxFailure.BuildContextNotFound },
        { "no dockerfile", BuildxFailure.DockerfileNotFound },
        { "dockerfile is a folder", BuildxFailure.DockerfileNotFound },
        { "dockerfile is a pipe", BuildxFailure.DockerfileNotFound },
        { "dockerfile links to a pipe", BuildxFailure.DockerfileNotFound },
        { "ignore file is a pipe", BuildxFailure.BuildContextUnreadable },
        { "policy", BuildxFailure.PolicyUnsupported },
        { "default policy", BuildxFailure.PolicyUnsupported },
        { "source policy", BuildxFailure.ConfigurationInvalid },
        { "bad switch", BuildxFailure.ConfigurationInvalid },
        { "relative context", BuildxFailure.ArgumentInvalid },
        { "zero character in context", BuildxFailure.ArgumentInvalid },
        { "half a character in dockerfile", BuildxFailure.ArgumentInvalid },
        { "zero character in destination", BuildxFailure.OutputInvalid },
        { "large build arguments", BuildxFailure.ArgumentInvalid },
        { "large labels", BuildxFailure.ArgumentInvalid },
        { "empty build argument", BuildxFailure.ArgumentInvalid },
        { "empty label", BuildxFailure.ArgumentInvalid },
        { "cache without a folder", BuildxFailure.CacheInvalid },
        { "cache with a wrong attribute", BuildxFailure.CacheInvalid },
        { "cache below a file", BuildxFailure.DestinationNotWritable },
        { "context without a folder", BuildxFailure.BuildContextNotFound },
        { "context without a layout", BuildxFailure.LayoutNotFound },
        { "layout below a file", BuildxFailure.DestinationNotWritable },
        { "empty syntax", BuildxFailure.ArgumentInvalid },
        { "tag with digest", BuildxFailure.TagInvalid },
        { "default platform", BuildxFailure.PlatformInvalid },
        { "output type", BuildxFailure.OutputInvalid },
        { "push without tag", BuildxFailure.TagRequired },
        { "destination", BuildxFailure.DestinationNotWritable },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task Bad_input_is_refused_before_anything_is_contacted(string what, BuildxFailure expected)
    {
        var request = Bad(what);
        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(request));
        Assert.Equal(expected, failure.Failure);
        Assert.NotEmpty(failure.Advice);
        Assert.Equal(0, _resolved);
    }

    private BuildRequest Bad(string what)
    {
        var dockerfile = Path.Join(_folder.FullName, "Dockerfile");
        switch (what)
        {
            case "no context": return Request with { ContextPath = Path.Join(_folder.FullName, "none") };
            case "context is a file": return Request with { ContextPath = dockerfile };
            case "no dockerfile": return Request with { DockerfilePath = Path.Join(_folder.FullName, "none", "x") };
            case "dockerfile is a folder": return Request with { DockerfilePath = _folder.FullName };
            case "dockerfile is a pipe": return Request with { DockerfilePath = Pipe("pipe") };
            case "dockerfile links to a pipe":
                File.CreateSymbolicLink(Path.Join(_folder.FullName, "link"), Pipe("pipe"));
                return Request with { DockerfilePath = Path.Join(_folder.FullName, "link") };
            case "ignore file is a pipe":
                Pipe(".dockerignore");
                return Request;
            case "policy":
                File.WriteAllText(dockerfile + ".rego", "");
                return Request;
            case "default policy":
                _variables["BUILDX_DEFAULT_POLICY"] = "true";
                return Request;
            case "source policy":
                _variables["EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"] = "policy.json";
                return Request;
            case "bad switch":
                _variables["BUILDX_DEFAULT_POLICY"] = "maybe";
                return Request;
            case "relative context": return Request with { ContextPath = "." };
            case "zero character in context": return Request with { ContextPath = "/a\0b" };
            case "half a character in dockerfile": return Request with { DockerfilePath = "/a\ud800b" };
            case "zero character in destination": return Request with { Outputs = [new OutputSpec { Type = "tar", Destination = "/a\0b" }] };
            case "large build arguments": return Request with { BuildArguments = new Dictionary<string, string> { ["A"] = new('x', 5 << 20), ["B"] = new('x', 4 << 20) } };
            case "large labels": return Request with { Labels = new Dictionary<string, string> { ["A"] = new('é', 5 << 20) } };
            case "empty build argument": return Request with { BuildArguments = new Dictionary<string, string> { [""] = "x" } };
            case "empty label": return Request with { Labels = new Dictionary<string, string> { [""] = "x" } };
            case "cache without a folder": return Request with { CacheTo = [CacheSpec.Parse("type=local")] };
            case "cache with a wrong attribute": return Request with { CacheFrom = [CacheSpec.Parse("type=gha,version=3")] };
            case "cache below a file": return Request with { CacheTo = [CacheSpec.Parse($"type=local,dest={dockerfile}/cache")] };
            case "context without a folder": return Request with { NamedContexts = [BuildContextSpec.Parse("x", Path.Join(_folder.FullName, "none"))] };
            case "context without a layout": return Request with { NamedContexts = [BuildContextSpec.Parse("x", $"oci-layout://{_folder.FullName}/none")] };
            case "layout below a file": return Request with { Outputs = [OutputSpec.Parse($"type=oci,tar=false,dest={dockerfile}/layout")] };
            case "empty syntax": return Request with { BuildArguments = new Dictionary<string, string> { ["BUILDKIT_SYNTAX"] = " " } };
            case "tag with digest": return Request with { Tags = [ImageReference.Parse("a@sha256:" + new string('a', 64))] };
            case "default platform":
                _variables["DOCKER_DEFAULT_PLATFORM"] = "linux/nothing";
                return Request;
            case "push without tag": return Request with { Push = true };
            case "output type": return Request with { Outputs = [new OutputSpec { Type = "wasm", Destination = Tar }] };
            default:
                _onOutput = o => throw new BuildxException(BuildxFailure.DestinationNotWritable, "no", "x");
                return Request with { Outputs = [TarOutput] };
        }
    }

    private string Pipe(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Named pipes are made on Linux only.");
        var path = Path.Join(_folder.FullName, name);
        IFileSystem.Current.CreateSpecial(path, new FileEntry { Path = name, Mode = FileEntryMode.NamedPipe | (FileEntryMode)0x180 });
        return path;
    }

    [Theory]
    [InlineData("large build arguments", "'A'")]
    [InlineData("large labels", "'A'")]
    [InlineData("default platform", "DOCKER_DEFAULT_PLATFORM")]
    [InlineData("dockerfile is a pipe", "is a pipe")]
    [InlineData("ignore file is a pipe", ".dockerignore' is a pipe")]
    [InlineData("zero character in context", "'/a\\0b'")]
    [InlineData("half a character in dockerfile", "'/a\\ud800b'")]
    public async Task Bad_input_is_named(string what, string expected)
    {
        var request = Bad(what);
        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(request));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.True(failure.Message.Length < 1000);
    }

    [Theory]
    [InlineData("Dockerfile.dockerignore", "[a", 1)]
    [InlineData(".dockerignore", "# [\n\nbin\r\n![a\r\n", 4)]
    [InlineData(".dockerignore", "a\n!\n", 2)]
    [InlineData(".dockerignore", " a\\", 1)]
    [InlineData(".dockerignore", "a\rb\n! /\n[z-a]*\n", 2)]
    [InlineData(".dockerignore", "a\n!docs\\end\n", 2)]
    public async Task A_pattern_that_nothing_can_match_is_refused_naming_its_file_and_line(string name, string text, int line)
    {
        File.WriteAllText(Path.Join(_folder.FullName, name), text);
        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(Request));
        Assert.Equal(BuildxFailure.IgnorePatternInvalid, failure.Failure);
        Assert.Contains($"Line {line} of '{Path.Join(_folder.FullName, name)}'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, _resolved);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\ufeff# comment [\r\n\r\n  bin/  \r\n! bin/keep\r\n/abs\r\n**/*.o\n")]
    [InlineData(" # no comment\n]\n[a-z]?\\*\n!!x\n..\n/\n.\n")]
    [InlineData("a\tb\né\n# \u0001\n\tc\t")]
    [InlineData("! /./x\n!..\n")]
    [InlineData("[a", "Dockerfile.dockerignore", "*\n")]
    public async Task An_ignore_file_that_BuildKit_takes_is_taken(string text, string? other = null, string otherText = "")
    {
        File.WriteAllText(Path.Join(_folder.FullName, ".dockerignore"), text);
        if (other is not null)
        {
            File.WriteAllText(Path.Join(_folder.FullName, other), otherText);
        }

        Assert.IsType<BuildCompleted>((await RunAsync(Request))[^1]);
    }

    [Theory]
    [InlineData("a\n", "utf-16", "UTF-16")]
    [InlineData("a\nb\tc\n", "utf-8", "control character in line 2")]
    [InlineData("a\rb\r", "utf-8", "control character in line 1")]
    public async Task An_ignore_file_that_says_nothing_to_an_engine_is_refused(string text, string encoding, string expected)
    {
        File.WriteAllText(Path.Join(_folder.FullName, ".dockerignore"), text, System.Text.Encoding.GetEncoding(encoding));
        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(Request));
        Assert.Equal(BuildxFailure.IgnorePatternInvalid, failure.Failure);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ignore_file_that_is_a_folder_is_passed_over()
    {
        _folder.CreateSubdirectory(".dockerignore");
        Assert.IsType<BuildCompleted>((await RunAsync(Request))[^1]);
    }

    [Theory]
    [InlineData(10_000, "a", true)]
    [InlineData(20_000, "a", false)]
    [InlineData(1_000, "long", false)]
    public async Task More_patterns_than_a_session_carries_are_refused(int count, string pattern, bool taken)
    {
        pattern = pattern == "long" ? new string('a', 5000) : pattern;
        var path = Path.Join(_folder.FullName, ".dockerignore");
        File.WriteAllLines(path, Enumerable.Repeat(pattern, count).Concat(Enumerable.Repeat("# comment", 30_000)));
        var failure = await Record.ExceptionAsync(() => RunAsync(Request));
        Assert.Equal(taken ? null : BuildxFailure.IgnorePatternInvalid, (failure as BuildxException)?.Failure);
        Assert.True(taken || failure!.Message.Contains(path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_policy_can_be_ignored()
    {
        File.WriteAllText(Path.Join(_folder.FullName, "Dockerfile.rego"), "");
        Assert.IsType<BuildCompleted>((await RunAsync(Request with { IgnorePolicy = true }))[^1]);
    }

    [Fact]
    public async Task A_dockerfile_in_lower_case_is_found()
    {
        File.Move(Path.Join(_folder.FullName, "Dockerfile"), Path.Join(_folder.FullName, "dockerfile"));
        await RunAsync(Request);
        Assert.Equal("dockerfile", _engine.Build!.Call!.Attributes["filename"]);
    }

    [Fact]
    public async Task A_dockerfile_outside_the_context_is_served_from_its_own_folder()
    {
        var other = _folder.CreateSubdirectory("other").FullName;
        File.WriteAllText(Path.Join(other, "Build.txt"), "FROM scratch");
        await RunAsync(Request with { DockerfilePath = Path.Join(other, "Build.txt") });
        Assert.Equal("Build.txt", _engine.Build!.Call!.Attributes["filename"]);
        Assert.Equal([_folder.FullName, other], _sources.Keys);
    }

    [Fact]
    public async Task A_result_that_goes_nowhere_is_warned_about()
    {
        _engine.Features = new DriverFeatures { HasContainerdStore = true };
        var events = await RunAsync(Request);
        Assert.Contains("-Push", Assert.Single(events.OfType<VertexWarning>()).Warning.Message, StringComparison.Ordinal);
        Assert.Contains("build cache only", Assert.Single(Result(events).Warnings).Message, StringComparison.Ordinal);
        _variables["BUILDX_NO_DEFAULT_LOAD"] = "true";
        Assert.Empty(Result(await RunAsync(Request)).Warnings);
        Assert.Empty(Result(await RunAsync(Request with { Outputs = [new OutputSpec { Type = "cacheonly" }] })).Warnings);
    }

    [Fact]
    public async Task The_one_manifest_of_one_platform_needs_no_look_anywhere()
    {
        _engine.Response["containerimage.digest"] = TestDigest;
        _engine.Response["containerimage.descriptor"] = Descriptor("application/vnd.oci.image.manifest.v1+json");
        var image = Assert.Single(Result(await RunAsync(Request with { Platforms = [Platform.Parse("linux/arm64")] })).PlatformImages!);
        Assert.Equal(("linux/arm64", TestDigest, 123, "application/vnd.oci.image.manifest.v1+json"), (image.Platform.ToString(), image.Digest, image.Size, image.MediaType));
    }

    [Fact]
    public async Task What_is_in_an_index_that_the_engine_keeps_is_not_guessed()
    {
        _engine.Response["containerimage.descriptor"] = Descriptor("application/vnd.oci.image.index.v1+json");
        var several = Result(await RunAsync(Request with { Platforms = [Platform.Parse("linux/arm64"), Platform.Parse("linux/amd64")] }));
        Assert.Null(several.PlatformImages);
        Assert.Contains(several.Warnings, w => w.Message.Contains("digests of the single platforms", StringComparison.Ordinal));
        Assert.Empty(Result(await RunAsync(Request)).Warnings);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("bm90IGpzb24=")]
    [InlineData("W10=")]
    [InlineData("eyJkaWdlc3QiOjEsIm1lZGlhVHlwZSI6e30sInNpemUiOiJhIn0=")]
    [InlineData("eyJtZWRpYVR5cGUiOiJhIiwiZGlnZXN0Ijoic2hhMjU2Oi4uLy4uIiwic2l6ZSI6MX0=")]
    public async Task A_descriptor_that_is_none_is_passed_over(string descriptor)
    {
        _engine.Response["containerimage.descriptor"] = descriptor;
        Assert.Null(Result(await RunAsync(Request)).PlatformImages);
    }

    [Fact]
    public async Task A_pushed_index_that_cannot_be_read_back_is_a_warning()
    {
        _engine.Response["containerimage.descriptor"] = Descriptor("application/vnd.oci.image.index.v1+json");
        var result = Result(await RunAsync(Request with { Push = true, Tags = [ImageReference.Parse("127.0.0.1:1/a")] }));
        Assert.Null(result.PlatformImages);
        Assert.Contains("127.0.0.1:1", Assert.Single(result.Warnings).Message, StringComparison.Ordinal);
        Assert.Equal(["127.0.0.1:1/a:latest"], result.Images);
    }

    [Theory]
    [InlineData(true, "There is no login for registry.test:5000", "Connect-BuildxRegistry registry.test:5000")]
    [InlineData(false, "user 'me' from DOCKER_AUTH_CONFIG", "may push")]
    public async Task A_refusal_of_a_registry_names_the_login(bool anonymous, string expected, string advice)
    {
        if (!anonymous)
        {
            _variables["DOCKER_AUTH_CONFIG"] = """{"auths":{"registry.test:5000":{"auth":"bWU6czNjcmV0"}}}""";
        }

        _engine.Export = async (build, token) =>
        {
            await build.Services.Credentials!.GetAsync("registry.test:5000", token);
            throw new BuildxException(BuildxFailure.RegistryUnauthorized, "A registry refused: push to registry.test:5000/x: 401 Unauthorized", "Check.");
        };
        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(Request with { Push = true, Tags = [ImageReference.Parse("registry.test:5000/x")] }));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, failure.Failure);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains(advice, failure.Advice, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_emulator_names_the_platform()
    {
        _engine.Export = (_, _) => throw new BuildxException(BuildxFailure.EmulatorMissing, "exec format error", "x");
        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => RunAsync(Request with { Platforms = [Platform.Parse("linux/s390x")] }));
        Assert.Equal(BuildxFailure.EmulatorMissing, failure.Failure);
        Assert.Contains("linux/s390x", failure.Message, StringComparison.Ordinal);
    }

    private const string TestDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static string Descriptor(string mediaType)
        => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($$"""{"mediaType":"{{mediaType}}","digest":"{{TestDigest}}","size":123}"""));

    private static BuildResult Result(List<BuildEvent> events) => Assert.IsType<BuildCompleted>(events[^1]).Result;
}
