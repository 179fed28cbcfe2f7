using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Tests.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

public sealed class EngineSilenceTests
{
    // Patient until the test has come to its point, however busy the machine is.
    private readonly EngineSilence _silence = new() { Quiet = TimeSpan.FromMilliseconds(200), Answer = TimeSpan.FromMilliseconds(500), Misses = int.MaxValue };

    [Theory]
    [InlineData("d20", false, Fault.Stall, Fault.Stall)]
    [InlineData("d28", true, Fault.Stall, Fault.Stall)]
    [InlineData("d28", true, Fault.Stall, Fault.None)]
    [InlineData("bkd", false, Fault.None, Fault.Stall)]
    public async Task A_network_that_stalls_in_a_step_ends_the_build_as_lost(string name, bool overSessionRoute, Fault fromEngine, Fault toEngine)
    {
        var (engine, network) = RealEngine.ConnectOver(name, overSessionRoute, _silence);
        await using (engine)
        {
            await using var build = await RunningBuild.StartAsync(engine, $"FROM busybox\nRUN echo {Guid.NewGuid()} && sleep 20\n");
            await build.PrintsAsync();

            (network.FromEngine, network.ToEngine) = (fromEngine, toEngine);
            _silence.Misses = 2;

            await build.IsLostAsync(TestEngines.Require(name));
        }

        await network.IsClosedAsync();
    }

    [Theory]
    [InlineData(Fault.End, Fault.End, BuildxFailure.EngineLost)]
    [InlineData(Fault.Break, Fault.Break, BuildxFailure.EngineLost)]
    [InlineData(Fault.Garbage, Fault.None, BuildxFailure.ProtocolViolation)]
    [InlineData(Fault.None, Fault.Garbage, BuildxFailure.EngineLost)]
    public async Task A_network_that_breaks_or_garbles_ends_the_build_with_its_address(Fault fromEngine, Fault toEngine, BuildxFailure expected)
    {
        var (engine, network) = RealEngine.ConnectOver("bkd", silence: _silence);
        await using (engine)
        {
            await using var build = await RunningBuild.StartAsync(engine, $"FROM busybox\nRUN echo {Guid.NewGuid()} && sleep 20\n");
            await build.PrintsAsync();

            (network.FromEngine, network.ToEngine) = (fromEngine, toEngine);

            var failure = await build.FailsAsync();
            Assert.True(failure.Failure == expected, failure.ToString());
            Assert.Contains(TestEngines.Require("bkd"), failure.Message, StringComparison.Ordinal);
            Assert.Equal(expected == BuildxFailure.EngineLost, failure.IsTransient);
        }

        await network.IsClosedAsync();
    }

    [Theory]
    [InlineData("d20")]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task An_engine_that_is_only_quiet_is_not_lost(string name)
    {
        var silence = new EngineSilence { Quiet = TimeSpan.FromMilliseconds(100), Answer = TimeSpan.FromSeconds(20), Misses = 1 };
        await using var engine = RealEngine.Connect(name, TestEngines.Require(name), silence: silence);

        var (_, events) = await RealEngine.BuildAsync(engine, RealEngine.Services($"FROM busybox\nRUN echo {Guid.NewGuid()} && sleep 2\n"), []);

        Assert.NotEmpty(events.OfType<VertexLog>());
    }

    /// <summary>
    /// Nothing between may hang up on a build that says nothing: no keep-alive of HTTP/2, gRPC or the session's server.
    /// The session is used again at the end. BUILDXPS_TEST_IDLE_SECONDS makes it longer than any of their usual times.
    /// </summary>
    [Theory]
    [InlineData("d20", false)]
    [InlineData("d28", true)]
    [InlineData("bkd", false)]
    public async Task A_step_that_says_nothing_for_long_drops_nothing(string name, bool overSessionRoute)
    {
        var seconds = int.Parse(System.Environment.GetEnvironmentVariable("BUILDXPS_TEST_IDLE_SECONDS") ?? "7", System.Globalization.CultureInfo.InvariantCulture);
        var silence = new EngineSilence { Quiet = TimeSpan.FromMilliseconds(500) };
        await using var engine = RealEngine.Connect(name, TestEngines.Require(name), overSessionRoute, silence);
        var output = new MemoryFileOutput();
        await using var build = await RunningBuild.StartAsync(
            engine, $"FROM busybox\nRUN echo {Guid.NewGuid()} && sleep {seconds}\n", output: output);

        await build.Outcome.WaitAsync(RealEngine.Guard + TimeSpan.FromSeconds(seconds));

        Assert.True(output.Content.ToArray().Length > 512);
    }
}
