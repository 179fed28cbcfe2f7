using System.Text.Json.Nodes;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Progress;

namespace BuildxPS.Engine.Tests.Builders;

/// <summary>Builders in containers of real daemons.</summary>
public sealed class ContainerBuilderTests
{
    public static TheoryData<string> Daemons => ["d20", "d28"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static BuilderCreation Creation(BuilderFixture fixture) => new()
    {
        Name = fixture.Name,
        DriverOptions = new Dictionary<string, string> { ["network"] = "host" },
        ConfigFile = fixture.Write("b.toml", BuilderFixture.Config),
    };

    private static Task<Builder> GetAsync(BuilderFixture fixture)
        => fixture.Catalog.GetAsync(new BuilderSelection { Name = fixture.Name }, TimeSpan.FromSeconds(20), Token);

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Builder_lives_from_creation_to_removal(string engine)
    {
        await using var fixture = new BuilderFixture(engine);
        Assert.Empty((await fixture.Creator.CreateAsync(Creation(fixture) with { Platforms = [Platform.Parse("linux/arm64")] }, Token)).Warnings);
        var made = await GetAsync(fixture);
        Assert.Equal(("docker-container", NodeStatus.Inactive, false), (made.Driver, made.Status, made.IsCurrent));
        Assert.Contains("http = true", made.Nodes[0].ConfigFiles["buildkitd.toml"], StringComparison.Ordinal);
        Assert.Equal(["--allow-insecure-entitlement=network.host"], made.Nodes[0].Flags);

        var events = await fixture.StartAsync();
        Assert.Equal("[internal] booting buildkit", Assert.IsType<VertexChanged>(events[0]).Name);
        Assert.NotNull(Assert.IsType<VertexChanged>(events[^1]).Completed);
        Assert.Equal(
            ["pulling image moby/buildkit:buildx-stable-1", $"creating container buildx_buildkit_{fixture.Name}0"],
            events.OfType<VertexProgress>().Select(p => p.Id).Distinct());
        Assert.Empty(events.OfType<VertexWarning>());
        var lines = new PlainProgress();
        List<string> shown = [.. events.SelectMany(lines.Handle), .. lines.Finish()];
        Assert.Contains("#1 [internal] booting buildkit", shown);
        Assert.Contains(shown, l => l.StartsWith("#1 creating container", StringComparison.Ordinal) && l.EndsWith(" done", StringComparison.Ordinal));

        var running = await GetAsync(fixture);
        Assert.True(running.Nodes[0].Error is null, running.Nodes[0].Error);
        Assert.Equal(("v0.25.2", NodeStatus.Running), (running.Nodes[0].BuildKitVersion, running.Status));
        Assert.Equal("linux/arm64", running.Platforms[0].ToString());
        Assert.Contains(Platform.Parse("linux/amd64"), running.Platforms);
        Assert.NotEmpty(running.Nodes[0].GcPolicy);
        Assert.Empty(await fixture.StartAsync());

        await fixture.Lifecycle.StopAsync(new BuilderSelection { Name = fixture.Name }, Token);
        Assert.Equal(NodeStatus.Stopped, (await GetAsync(fixture)).Status);
        Assert.Equal($"starting container buildx_buildkit_{fixture.Name}0", Assert.Single((await fixture.StartAsync()).OfType<VertexProgress>().Select(p => p.Id).Distinct()));

        await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name }, Token);
        var gone = await Assert.ThrowsAsync<BuildxException>(() => GetAsync(fixture));
        Assert.Equal(BuildxFailure.BuilderNotFound, gone.Failure);
        Assert.Empty(await fixture.DockerAsync("ps", "-aq", "--filter", "name=" + fixture.Name));
        Assert.Empty(await fixture.DockerAsync("volume", "ls", "-q", "--filter", "name=" + fixture.Name));
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Container_equals_the_one_that_buildx_makes(string engine)
    {
        await using var fixture = new BuilderFixture(engine);
        (string Name, string Value)[] options =
        [
            ("network", "host"), ("memory", "512m"), ("memory-swap", "1g"), ("cpu-shares", "512"), ("cpu-period", "100000"), ("cpu-quota", "150000"),
            ("cpuset-cpus", "0"), ("cpuset-mems", "0"), ("restart-policy", "on-failure:3"), ("cgroup-parent", "/bxt"), ("env.A", "b c"), ("env.Z", "&"),
        ];
        await fixture.Creator.CreateAsync(
            new BuilderCreation
            {
                Name = fixture.Name,
                DriverOptions = options.ToDictionary(o => o.Name, o => o.Value),
                Flags = ["--debug --allow-insecure-entitlement security.insecure"],
            },
            Token);
        await fixture.StartAsync();
        List<string> create = ["buildx", "create", "--name", fixture.Name + "-theirs", "--driver", "docker-container", "--bootstrap", "--buildkitd-flags", "--debug --allow-insecure-entitlement security.insecure"];
        foreach (var (name, value) in options)
        {
            create.AddRange(["--driver-opt", $"\"{name}={value}\""]);
        }

        await fixture.DockerAsync([.. create]);

        Assert.Equal(
            (await InspectAsync(fixture, fixture.Name + "-theirs0")).Replace("-theirs", "", StringComparison.Ordinal),
            await InspectAsync(fixture, fixture.Name + "0"));
        Assert.Equal(
            fixture.Read($"buildx/instances/{fixture.Name}-theirs").Replace("-theirs", "", StringComparison.Ordinal),
            fixture.Read($"buildx/instances/{fixture.Name}"));
        await fixture.DockerAsync("buildx", "rm", fixture.Name + "-theirs");
    }

    private static async Task<string> InspectAsync(BuilderFixture fixture, string node)
    {
        var container = JsonNode.Parse(await fixture.DockerAsync("inspect", "buildx_buildkit_" + node))![0]!;
        var config = container["Config"]!.AsObject();
        config.Remove("Hostname");

        // buildx sets variables in a different order each time.
        config["Env"] = new JsonArray([.. config["Env"]!.AsArray().Select(e => (string)e!).Order(StringComparer.Ordinal).Select(e => JsonValue.Create(e))]);

        // Where nothing is given, the daemon keeps null or an empty list, as it was sent.
        return string.Join('\n', config.Concat(container["HostConfig"]!.AsObject())
            .Where(p => p.Value is not null && p.Value.ToJsonString() is not ("[]" or "{}" or "\"\"" or "0" or "false"))
            .Select(p => $"{p.Key}: {p.Value!.ToJsonString()}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Build_starts_the_builder_and_runs_on_it(string engine)
    {
        await using var fixture = new BuilderFixture(engine);
        await fixture.Creator.CreateAsync(Creation(fixture) with { Use = true }, Token);
        fixture.Write("context/Dockerfile", "FROM alpine\nARG TARGETPLATFORM\nRUN echo $TARGETPLATFORM > /p\nFROM scratch\nCOPY --from=0 /p /\n");
        var request = new BuildRequest
        {
            ContextPath = Path.Join(fixture.Home, "context"),
            Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
            Outputs = [new OutputSpec { Type = "local", Destination = Path.Join(fixture.Home, "out") }],
        };

        var events = new List<BuildEvent>();
        await foreach (var e in new BuildRunner(fixture.Environment).RunAsync(request, Token))
        {
            events.Add(e);
        }

        Assert.Equal("[internal] booting buildkit", Assert.IsType<VertexChanged>(events[0]).Name);
        var result = Assert.IsType<BuildCompleted>(events[^1]).Result;
        Assert.Equal(fixture.Name, result.Builder);
        Assert.Equal("linux/arm64\n", fixture.Read("out/linux_arm64/p"));
        Assert.Contains(result.Steps, s => s.Name == "[internal] booting buildkit");
        Assert.NotNull((await GetAsync(fixture)).LastActivity);
    }

    [Fact]
    public async Task Container_that_was_removed_underneath_is_made_again_and_that_is_said()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.Creator.CreateAsync(Creation(fixture), Token);
        await fixture.StartAsync();
        await fixture.DockerAsync("rm", "-f", $"buildx_buildkit_{fixture.Name}0");

        Assert.Equal(NodeStatus.Inactive, (await GetAsync(fixture)).Status);
        var warning = Assert.Single((await fixture.StartAsync()).OfType<VertexWarning>()).Warning.Message;

        Assert.Contains("is made again", warning, StringComparison.Ordinal);
        Assert.Equal(NodeStatus.Running, (await GetAsync(fixture)).Status);
    }

    [Fact]
    public async Task Container_that_is_not_there_is_named_by_whoever_connects_to_it()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.Creator.CreateAsync(Creation(fixture), Token);
        await using var handle = await fixture.Catalog.ResolveAsync(new BuilderSelection { Name = fixture.Name }, Token);
        await using var engine = await handle.Nodes[0].Driver.ConnectAsync(Token);

        var failure = await Assert.ThrowsAsync<BuildxException>(() => engine.DescribeAsync(Token));

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Contains($"buildx_buildkit_{fixture.Name}0 does not exist", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Start-BuildxBuilder", failure.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Daemons))]
    public async Task Engine_that_does_not_come_up_shows_its_last_words_and_leaves_no_container(string engine)
    {
        await using var fixture = new BuilderFixture(engine);
        await fixture.Creator.CreateAsync(Creation(fixture) with { Flags = ["--no-such-flag"] }, Token);

        var failure = await Assert.ThrowsAsync<BuildxException>(fixture.StartAsync);

        Assert.Equal(BuildxFailure.BuilderNotBootable, failure.Failure);
        Assert.True(failure.Message.Contains("no-such-flag", StringComparison.Ordinal) && failure.Message.Contains("exit code 1", StringComparison.Ordinal), failure.Message);
        Assert.Empty(await fixture.DockerAsync("ps", "-aq", "--filter", "name=" + fixture.Name));
    }

    [Fact]
    public async Task Engine_that_dies_in_mid_build_is_named()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.Creator.CreateAsync(Creation(fixture) with { Use = true }, Token);
        fixture.Write("context/Dockerfile", $"FROM alpine\nRUN echo {fixture.Name}; sleep 100\n");
        var request = new BuildRequest { ContextPath = Path.Join(fixture.Home, "context"), Outputs = [new OutputSpec { Type = "cacheonly" }] };

        var failure = await Assert.ThrowsAnyAsync<BuildxException>(async () =>
        {
            await foreach (var e in new BuildRunner(fixture.Environment).RunAsync(request, Token))
            {
                if (e is VertexLog)
                {
                    await fixture.DockerAsync("rm", "-f", $"buildx_buildkit_{fixture.Name}0");
                }
            }
        }).WaitAsync(TimeSpan.FromMinutes(2), Token);

        Assert.Equal(BuildxFailure.EngineLost, failure.Failure);
        Assert.Contains($"container buildx_buildkit_{fixture.Name}0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_that_is_stopped_leaves_nothing_half_made()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.Creator.CreateAsync(Creation(fixture), Token);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var e in fixture.Lifecycle.StartAsync(new BuilderSelection { Name = fixture.Name }, stop.Token))
            {
                if (e is VertexProgress { Completed: null } progress && progress.Id.StartsWith("creating", StringComparison.Ordinal))
                {
                    await stop.CancelAsync();
                }
            }
        });

        // Whoever stopped it does not wait for the daemon.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        for (var quiet = 0; quiet < 10;)
        {
            var isGone = (await fixture.DockerAsync("ps", "-aq", "--filter", "name=" + fixture.Name)).Length == 0;
            quiet = isGone ? quiet + 1 : 0;
            await Task.Delay(100, limit.Token);
        }

        await fixture.StartAsync();
        Assert.Equal(NodeStatus.Running, (await GetAsync(fixture)).Status);
    }

    [Fact]
    public async Task Container_that_its_maker_left_half_made_is_made_again()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.Creator.CreateAsync(Creation(fixture), Token);
        await fixture.DockerAsync("create", "--name", $"buildx_buildkit_{fixture.Name}0", "moby/buildkit:buildx-stable-1");

        await fixture.StartAsync();

        Assert.Contains("http = true", await fixture.DockerAsync("exec", $"buildx_buildkit_{fixture.Name}0", "cat", "/etc/buildkit/buildkitd.toml"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_that_is_only_local_is_used_without_a_pull()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.DockerAsync("pull", "-q", "moby/buildkit:buildx-stable-1");
        var local = $"nowhere.invalid/{fixture.Name}:1";
        await fixture.DockerAsync("tag", "moby/buildkit:buildx-stable-1", local);
        try
        {
            await fixture.Creator.CreateAsync(new BuilderCreation { Name = fixture.Name, DriverOptions = new Dictionary<string, string> { ["image"] = local } }, Token);
            Assert.Contains($"using local image {local}", (await fixture.StartAsync()).OfType<VertexProgress>().Select(p => p.Id));
        }
        finally
        {
            await fixture.DockerAsync("rmi", local);
        }
    }

    [Fact]
    public async Task Image_that_is_nowhere_is_named()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.Creator.CreateAsync(
            new BuilderCreation { Name = fixture.Name, DriverOptions = new Dictionary<string, string> { ["image"] = "no/such-image:1" } }, Token);

        var failure = await Assert.ThrowsAsync<BuildxException>(fixture.StartAsync);

        Assert.Equal(BuildxFailure.ImageNotFound, failure.Failure);
        Assert.Contains("no/such-image:1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Image_without_buildctl_is_told_from_one_that_is_slow()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.Creator.CreateAsync(
            new BuilderCreation { Name = fixture.Name, DriverOptions = new Dictionary<string, string> { ["image"] = "busybox" } }, Token);

        var failure = await Assert.ThrowsAsync<BuildxException>(fixture.StartAsync);

        Assert.Equal(BuildxFailure.BuilderNotBootable, failure.Failure);
    }

    [Fact]
    public async Task State_that_is_kept_serves_the_next_builder_of_that_name()
    {
        await using var fixture = new BuilderFixture("d28");
        await fixture.Creator.CreateAsync(Creation(fixture), Token);
        await fixture.StartAsync();
        await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name, KeepState = true }, Token);
        Assert.Equal($"buildx_buildkit_{fixture.Name}0_state", await fixture.DockerAsync("volume", "ls", "-q", "--filter", "name=" + fixture.Name));

        await fixture.Creator.CreateAsync(Creation(fixture), Token);
        await fixture.Lifecycle.RemoveAsync(new BuilderRemoval { Name = fixture.Name, KeepDaemon = true }, Token);
        Assert.NotEmpty(await fixture.DockerAsync("volume", "ls", "-q", "--filter", "name=" + fixture.Name));
    }
}
