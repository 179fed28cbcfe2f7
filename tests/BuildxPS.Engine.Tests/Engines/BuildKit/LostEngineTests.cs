using System.Net.Security;
using BuildxPS.Engine.Builders;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Tests.Builders;
using BuildxPS.Engine.Tests.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>Real engines that die, or hang, in the middle of a build.</summary>
public sealed class LostEngineTests
{
    private const long Huge = 1L << 40;

    [Fact]
    public async Task An_engine_killed_while_it_reads_the_context_is_lost()
    {
        await using var daemon = await PrivateBuildKit.StartAsync();
        var (network, engine) = Connect(daemon);
        var context = new ZeroFileSource(Huge);
        await using (engine)
        {
            await using var build = await RunningBuild.StartAsync(engine, "FROM scratch\nCOPY zeros /\n", context);
            await build.TransfersAsync();

            daemon.Kill();

            await build.IsLostAsync(daemon.Address);
        }

        await NothingIsLeftAsync(network, context);
    }

    [Fact]
    public async Task An_engine_killed_in_a_step_is_lost()
    {
        await using var daemon = await PrivateBuildKit.StartAsync();
        var (network, engine) = Connect(daemon);
        await using (engine)
        {
            await using var build = await RunningBuild.StartAsync(engine, "FROM busybox\nRUN echo started && sleep 3600\n");
            await build.PrintsAsync();

            daemon.Kill();

            await build.IsLostAsync(daemon.Address);
        }

        await NothingIsLeftAsync(network);
    }

    [Fact]
    public async Task An_engine_killed_while_it_sends_an_output_is_lost()
    {
        await using var daemon = await PrivateBuildKit.StartAsync();
        var (network, engine) = Connect(daemon);
        var output = new GatedOutput();
        await using (engine)
        {
            await using var build = await RunningBuild.StartAsync(
                engine, "FROM busybox\nRUN dd if=/dev/zero of=/zeros bs=1M count=64\n", output: output);
            await output.Reached.WaitAsync(RealEngine.Guard);

            daemon.Kill();
            output.Open();

            await build.IsLostAsync(daemon.Address);
        }

        await NothingIsLeftAsync(network);
        await output.Closed.WaitAsync(RealEngine.Guard);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_engine_that_hangs_with_its_connections_open_is_lost(bool inTransfer)
    {
        await using var daemon = await PrivateBuildKit.StartAsync();
        // Patient until the test has come to its point, however busy the machine is.
        var silence = new EngineSilence { Quiet = TimeSpan.FromMilliseconds(200), Answer = TimeSpan.FromMilliseconds(500), Misses = int.MaxValue };
        var (network, engine) = Connect(daemon, silence);
        var context = new ZeroFileSource(Huge);
        await using (engine)
        {
            await using var build = await RunningBuild.StartAsync(
                engine, inTransfer ? "FROM scratch\nCOPY zeros /\n" : "FROM busybox\nRUN echo started && sleep 3600\n", context);
            await (inTransfer ? build.TransfersAsync() : build.PrintsAsync());

            daemon.Signal("STOP");
            silence.Misses = 2;

            await build.IsLostAsync(daemon.Address);
        }

        await NothingIsLeftAsync(network, context);
    }

    [Fact]
    public async Task An_engine_that_is_told_to_stop_finishes_the_build_and_is_not_lost_for_taking_no_more_calls()
    {
        await using var daemon = await PrivateBuildKit.StartAsync();
        var (network, engine) = Connect(daemon, new EngineSilence { Quiet = TimeSpan.FromMilliseconds(100) });
        await using (engine)
        {
            await using var build = await RunningBuild.StartAsync(engine, "FROM busybox\nRUN echo started && sleep 3\n");
            await build.PrintsAsync();

            daemon.Signal("TERM");

            await build.Outcome.WaitAsync(RealEngine.Guard);
        }

        await NothingIsLeftAsync(network);
    }

    [Fact]
    public async Task An_engine_that_hangs_before_the_build_is_told_by_its_address()
    {
        await using var daemon = await PrivateBuildKit.StartAsync();
        var (network, engine) = Connect(daemon, new EngineSilence { Start = TimeSpan.FromSeconds(1) });
        await using (engine)
        {
            daemon.Signal("STOP");

            var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => engine.DescribeAsync(CancellationToken.None).WaitAsync(RealEngine.Guard));

            Assert.Equal((BuildxFailure.TimedOut, true), (failure.Failure, failure.IsTransient));
            Assert.Contains(daemon.Address, failure.Message, StringComparison.Ordinal);
        }

        await NothingIsLeftAsync(network);
    }

    [Theory]
    [InlineData("d28")]
    public async Task A_builder_whose_container_is_killed_is_lost_by_its_name_and_builds_again(string name)
    {
        await using var fixture = new BuilderFixture(name);
        await fixture.Creator.CreateAsync(
            new BuilderCreation
            {
                Name = fixture.Name,
                DriverOptions = new Dictionary<string, string> { ["network"] = "host" },
                ConfigFile = fixture.Write("b.toml", BuilderFixture.Config),
            },
            BuilderFixture.Token);
        await fixture.StartAsync();
        await using var builder = await fixture.Catalog.ResolveAsync(new BuilderSelection { Name = fixture.Name }, BuilderFixture.Token);
        var container = $"buildx_buildkit_{fixture.Name}0";
        var context = new ZeroFileSource(Huge);
        await using (var engine = (BuildKitEngine)await builder.Nodes[0].Driver.ConnectAsync(BuilderFixture.Token))
        {
            await using var build = await RunningBuild.StartAsync(engine, "FROM scratch\nCOPY zeros /\n", context);
            await build.TransfersAsync();

            await fixture.DockerAsync("kill", container);

            await build.IsLostAsync(container);
        }

        await context.IsClosedAsync();
        await fixture.StartAsync();
        await using var again = (BuildKitEngine)await builder.Nodes[0].Driver.ConnectAsync(BuilderFixture.Token);
        await RealEngine.BuildAsync(again, RealEngine.Services("FROM scratch\nCOPY Dockerfile /\n", new MemoryFileSource().Add("Dockerfile", "x")), []);
    }

    private static (FakeNetwork Network, BuildKitEngine Engine) Connect(PrivateBuildKit daemon, EngineSilence? silence = null)
    {
        var network = new FakeNetwork(ConnectorFactory.Create(new EngineEndpoint { Address = daemon.Address }, SslApplicationProtocol.Http2));
        return (network, new BuildKitEngine(network, null, daemon.Address, silence));
    }

    private static async Task NothingIsLeftAsync(FakeNetwork network, ZeroFileSource? context = null)
    {
        await network.IsClosedAsync();
        await (context?.IsClosedAsync() ?? Task.CompletedTask);
    }
}
