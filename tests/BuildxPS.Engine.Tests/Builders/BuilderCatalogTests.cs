using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Tests.Configuration;
using BuildxPS.Engine.Tests.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builders;

public sealed class BuilderCatalogTests : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);

    private readonly TestConfiguration _configuration = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _configuration.Dispose();

    [Theory]
    [InlineData("d20", "v0.8+unknown", false, false)]
    [InlineData("d28", "v0.", true, true)]
    [InlineData("d28c", "v0.", true, false)]
    public async Task Real_engine_is_described_and_its_store_known(string engine, string buildKit, bool tellsGcPolicy, bool hasContainerdStore)
    {
        _configuration.Context("real", TestEngines.Require(engine));
        var catalog = new BuilderCatalog(_configuration.Environment());
        var selection = new BuilderSelection { Context = "real" };

        var builder = await catalog.GetAsync(selection, s_timeout, Token);

        Assert.True(builder.Error is null, builder.Error);
        Assert.Equal(("real", "docker", NodeStatus.Running, false), (builder.Name, builder.Driver, builder.Status, builder.IsCurrent));
        var node = Assert.Single(builder.Nodes);
        Assert.Equal(("real", "real"), (node.Name, node.Endpoint));
        Assert.StartsWith(buildKit, node.BuildKitVersion, StringComparison.Ordinal);
        Assert.Contains(Platform.Parse("linux/amd64"), node.Platforms);
        Assert.Equal(tellsGcPolicy, node.GcPolicy.Count > 0);
        Assert.Equal(hasContainerdStore, node.Labels.ContainsKey("org.mobyproject.buildkit.worker.snapshotter"));

        await using var handle = await catalog.ResolveAsync(selection, Token);
        var driver = Assert.Single(handle.Nodes).Driver;
        await using var described = await driver.ConnectAsync(Token);
        var features = driver.GetFeatures(await described.DescribeAsync(Token));
        Assert.Equal((true, hasContainerdStore), (features.IsDockerDaemon, features.HasContainerdStore));
    }

    [Fact]
    public async Task Real_engine_over_mutual_tls_is_described_from_its_context()
    {
        _configuration.Context("safe", TestEngines.RequireTcp("d28"));
        _configuration.Tls("safe", "ca.pem", await File.ReadAllTextAsync(TestEngines.Certificate("ca"), Token));
        _configuration.Tls("safe", "cert.pem", await File.ReadAllTextAsync(TestEngines.Certificate("clientCertificate"), Token));
        _configuration.Tls("safe", "key.pem", await File.ReadAllTextAsync(TestEngines.Certificate("clientKey"), Token));

        var builder = await new BuilderCatalog(_configuration.Environment()).GetAsync(new BuilderSelection { Name = "safe" }, s_timeout, Token);

        Assert.Null(builder.Error);
        Assert.Equal(NodeStatus.Running, builder.Status);
    }

    [Fact]
    public async Task Fake_daemon_without_BuildKit_is_told_from_a_dead_one()
    {
        await using var fake = new FakeDaemon(async (stream, token) =>
        {
            while (await FakeDaemon.ReadHeadAsync(stream, token) is { Length: > 0 } head)
            {
                var answer = head.Contains("/_ping", StringComparison.Ordinal)
                    ? "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"
                    : "HTTP/1.1 404 Not Found\r\nContent-Length: 26\r\n\r\n{\"message\":\"no such path\"}";
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(answer), token);
            }
        });

        await using var handle = await new BuilderCatalog(_configuration.Environment())
            .ResolveAsync(new BuilderSelection { DockerHost = fake.Endpoint.Address }, Token);
        await using var engine = await handle.Nodes[0].Driver.ConnectAsync(Token);
        var failure = await Assert.ThrowsAsync<BuildxException>(() => engine.DescribeAsync(Token));

        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains("no such path", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_has_live_builders_first_and_dead_ones_with_their_reasons()
    {
        await using var silent = new FakeDaemon((_, token) => Task.Delay(Timeout.Infinite, token));
        _configuration.Context("a-dead", "unix:///nowhere/d.sock");
        _configuration.Context("b-live", TestEngines.Require("d28"));
        _configuration.Context("c-ssh", "ssh://me@build.example");
        _configuration.Context("d-live", TestEngines.Require("d20"));
        _configuration.Context("e-silent", silent.Endpoint.Address);
        _configuration.Meta("f-broken", "{");

        // The machine may have a docker of its own at the default socket.
        var environment = _configuration.Environment(("DOCKER_HOST", "unix:///nowhere/default.sock"), ("BUILDX_BUILDER", "d-live"));
        var builders = await new BuilderCatalog(environment)
            .ListAsync(TimeSpan.FromSeconds(20), Token).ToListAsync(Token);

        Assert.Equal(["b-live", "d-live"], builders.Take(2).Select(b => b.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["a-dead", "c-ssh", "default", "e-silent", "f-broken"], builders.Skip(2).Select(b => b.Name));
        Assert.Equal("d-live", Assert.Single(builders, b => b.IsCurrent).Name);
        Assert.All(builders.Skip(2), b => Assert.Equal((NodeStatus.Error, (string?)null), (b.Status, b.Driver)));
        Assert.Contains("unix:///nowhere/d.sock (context 'a-dead')", builders[2].Error, StringComparison.Ordinal);
        Assert.Contains("ssh://", builders[3].Error, StringComparison.Ordinal);
        Assert.Contains("within 20 s", builders[5].Error, StringComparison.Ordinal);
        Assert.Contains("meta.json", builders[6].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_gives_up_an_engine_that_does_not_answer_at_all_before_one_that_is_slow()
    {
        await using var silent = new FakeDaemon((_, token) => Task.Delay(Timeout.Infinite, token));
        await using var slow = new FakeDaemon(async (stream, token) =>
        {
            await FakeDaemon.ReadHeadAsync(stream, token);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\nOK"u8.ToArray(), token);
            await FakeDaemon.ReadHeadAsync(stream, token);
            await Task.Delay(Timeout.Infinite, token);
        });
        _configuration.Context("silent", silent.Endpoint.Address);
        _configuration.Context("slow", slow.Endpoint.Address);

        var catalog = new BuilderCatalog(_configuration.Environment(("DOCKER_HOST", "unix:///nowhere/default.sock"))) { FirstAnswer = TimeSpan.FromSeconds(10) };
        var builders = await catalog.ListAsync(name => name != "default", TimeSpan.FromSeconds(20), Token).ToListAsync(Token);

        Assert.Contains("within 10 s", builders.Single(b => b.Name == "silent").Error, StringComparison.Ordinal);
        Assert.DoesNotContain("within 10 s", builders.Single(b => b.Name == "slow").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_that_is_left_early_waits_for_nobody()
    {
        await using var silent = new FakeDaemon((_, token) => Task.Delay(Timeout.Infinite, token));
        _configuration.Context("live", TestEngines.Require("d28"));
        _configuration.Context("silent", silent.Endpoint.Address);

        var first = await new BuilderCatalog(_configuration.Environment(("DOCKER_HOST", "unix:///nowhere/default.sock"))).ListAsync(TimeSpan.Zero, Token).FirstAsync(Token);

        Assert.Equal("live", first.Name);
    }

    [Fact]
    public async Task Builder_of_an_address_is_called_default()
    {
        await using var handle = await new BuilderCatalog(_configuration.Environment())
            .ResolveAsync(new BuilderSelection { DockerHost = "tcp://127.0.0.1:1" }, Token);

        Assert.Equal(("default", "docker"), (handle.Name, handle.Driver));
    }

    [Fact]
    public async Task Dead_engine_names_what_was_tried_and_why()
    {
        using var closed = new ClosedPort();
        var address = $"tcp://{closed.Authority}";

        await using var handle = await new BuilderCatalog(_configuration.Environment(("DOCKER_HOST", address)))
            .ResolveAsync(new BuilderSelection(), Token);
        var failure = await Assert.ThrowsAsync<BuildxException>(() => handle.Nodes[0].Driver.ConnectAsync(Token));

        Assert.Equal(BuildxFailure.EngineUnreachable, failure.Failure);
        Assert.Contains($"{address} (from DOCKER_HOST)", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody", BuildxFailure.BuilderNotFound)]
    [InlineData("../../../etc/passwd", BuildxFailure.BuilderNotFound)]
    [InlineData("made", BuildxFailure.EngineUnsupported)]
    [InlineData("MADE", BuildxFailure.EngineUnsupported)]
    public async Task Builder_that_cannot_be_used_is_refused_wherever_it_is_named(string name, BuildxFailure expected)
    {
        _configuration.File(".docker/buildx/instances/made", """{"Name":"made","Driver":"cloud","Nodes":[{"Name":"made0","Endpoint":"tcp://x:1"}]}""");

        var byParameter = await Assert.ThrowsAsync<BuildxException>(() => new BuilderCatalog(_configuration.Environment())
            .ResolveAsync(new BuilderSelection { Name = name }, Token));
        var byVariable = await Assert.ThrowsAsync<BuildxException>(() => new BuilderCatalog(_configuration.Environment(("BUILDX_BUILDER", name)))
            .ResolveAsync(new BuilderSelection(), Token));

        Assert.Equal((expected, expected), (byParameter.Failure, byVariable.Failure));
        Assert.Contains(expected == BuildxFailure.BuilderNotFound ? "BUILDX_BUILDER" : "'cloud'", byVariable.Message, StringComparison.Ordinal);
        Assert.Contains("-BuildxBuilder", byParameter.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variable_chooses_a_context_but_gives_way_to_a_parameter()
    {
        _configuration.Context("one", "unix:///one.sock");
        _configuration.Context("two", "unix:///two.sock");
        var catalog = new BuilderCatalog(_configuration.Environment(("BUILDX_BUILDER", "one")));

        await using var byVariable = await catalog.ResolveAsync(new BuilderSelection(), Token);
        await using var byContext = await catalog.ResolveAsync(new BuilderSelection { Context = "two" }, Token);
        await using var byName = await catalog.ResolveAsync(new BuilderSelection { Name = "two" }, Token);

        Assert.Equal(("one", "two", "two"), (byVariable.Name, byContext.Name, byName.Name));
    }

    [Fact]
    public async Task Builder_of_another_context_than_the_given_one_is_refused()
    {
        _configuration.Context("one", "unix:///one.sock");
        _configuration.Context("two", "unix:///two.sock");

        var failure = await Assert.ThrowsAsync<BuildxException>(() => new BuilderCatalog(_configuration.Environment())
            .ResolveAsync(new BuilderSelection { Name = "one", Context = "two" }, Token));

        Assert.Equal(BuildxFailure.SelectionConflict, failure.Failure);
    }

    [Fact]
    public async Task Node_carries_the_proxies_of_its_engine()
    {
        _configuration.Context("one", "unix:///one.sock");
        _configuration.Config("""{"proxies":{"unix:///one.sock":{"httpProxy":"http://p.example"}}}""");

        await using var handle = await new BuilderCatalog(_configuration.Environment()).ResolveAsync(new BuilderSelection { Name = "one" }, Token);

        Assert.Equal("http://p.example", Assert.Single(handle.Nodes).ProxyArguments["HTTP_PROXY"]);
    }
}
