using System.Net.Security;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Tests.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>Real engines whose way back to this client is disturbed, by a fake network, while the way to them is fine.</summary>
public sealed class LostSessionTests
{
    private const long Huge = 1L << 40;
    private static readonly EngineSilence s_short = new() { WithoutSession = TimeSpan.FromMilliseconds(500) };

    [Theory]
    [InlineData("d20", Fault.End)]
    [InlineData("d28", Fault.End)]
    [InlineData("d28", Fault.Garbage)]
    [InlineData("bkd", Fault.End)]
    [InlineData("bkd", Fault.Break)]
    [InlineData("bkd", Fault.Garbage)]
    public async Task A_session_that_ends_in_a_transfer_is_told_as_lost(string name, Fault fault)
    {
        var context = new ZeroFileSource(Huge);
        await using var line = Connect(name);
        await using (var build = await RunningBuild.StartAsync(line.Engine, "FROM scratch\nCOPY zeros /\n", context))
        {
            await build.TransfersAsync();

            line.Sessions.Meet(fault);

            var failure = await build.IsLostAsync(line.Address);
            Assert.Contains("session", failure.Message, StringComparison.Ordinal);
        }

        await line.Sessions.IsClosedAsync();
        await context.IsClosedAsync();
    }

    [Fact]
    public async Task A_session_that_stalls_in_a_transfer_is_given_up_by_the_engine_and_told_as_lost()
    {
        var context = new ZeroFileSource(Huge);
        // The one that gives up soonest.
        await using var line = Connect("d20");
        await using (var build = await RunningBuild.StartAsync(line.Engine, "FROM scratch\nCOPY zeros /\n", context))
        {
            await build.TransfersAsync();

            line.Sessions.Meet(Fault.Stall);

            await build.IsLostAsync(line.Address);
        }

        await line.Sessions.IsClosedAsync();
        await context.IsClosedAsync();
    }

    [Theory]
    [InlineData("d28", Fault.End)]
    [InlineData("bkd", Fault.Break)]
    public async Task A_build_that_waits_for_its_output_does_not_outlive_its_session(string name, Fault fault)
    {
        await using var line = Connect(name, s_short);
        await using var build = await RunningBuild.StartAsync(
            line.Engine, $"FROM busybox\nRUN echo {Guid.NewGuid()} && sleep 3600\n", output: new MemoryFileOutput());
        await build.PrintsAsync();

        line.Sessions.Meet(fault);

        await build.IsLostAsync(line.Address);
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("bkd")]
    public async Task A_build_that_needs_no_session_any_more_succeeds_without_it(string name)
    {
        // The step is silent for longer than that, and everything else should not be.
        await using var line = Connect(name, s_short with { Quiet = TimeSpan.FromSeconds(8) });
        await using var build = await RunningBuild.StartAsync(line.Engine, $"FROM busybox\nRUN echo {Guid.NewGuid()} && sleep 10\n");
        await build.PrintsAsync();

        line.Sessions.Meet(Fault.End);

        await build.Outcome.WaitAsync(RealEngine.Guard);
    }

    private static Line Connect(string name, EngineSilence? silence = null)
    {
        var address = TestEngines.Require(name);
        var connector = ConnectorFactory.Create(new EngineEndpoint { Address = address }, SslApplicationProtocol.Http2);
        if (name != "bkd")
        {
            var upgrades = new FakeNetwork(new DockerSessionTransport(connector));
            return new Line(new BuildKitEngine(new DockerGrpcConnector(connector, connector, new Version(1, 41)), upgrades, address, silence), upgrades, address, null);
        }

        // On a connection of its own, so that the build's own calls are not disturbed.
        var channel = new EngineChannel(connector);
        var sessions = new FakeNetwork(new ControlSessionTransport(channel.Invoker));
        return new Line(new BuildKitEngine(connector, sessions, address, silence), sessions, address, channel);
    }

    private sealed record Line(BuildKitEngine Engine, FakeNetwork Sessions, string Address, EngineChannel? Channel) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Engine.DisposeAsync();
            Channel?.Dispose();
        }
    }
}
