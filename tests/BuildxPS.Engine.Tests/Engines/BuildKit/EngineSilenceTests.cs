using System.Net.Security;
using BuildxPS.Engine.Connections;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Engines.BuildKit;
using BuildxPS.Engine.Tests.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Engines.BuildKit;

public sealed class EngineSilenceTests
{
    private static readonly EngineSilence s_short = new() { Quiet = TimeSpan.FromMilliseconds(200), Answer = TimeSpan.FromMilliseconds(500) };

    private volatile bool _stalled;

    [Theory]
    [InlineData("d20", false)]
    [InlineData("d28", true)]
    [InlineData("bkd", false)]
    public async Task Fake_proxy_that_stalls_in_a_step_ends_the_build_as_lost(string name, bool overSessionRoute)
    {
        await using var proxy = StallingProxy(TestEngines.Require(name));
        await using var engine = RealEngine.Connect(name, proxy.Endpoint.Address, overSessionRoute, s_short);
        await using var running = await engine.StartAsync(
            new EngineBuild { Ref = RealEngine.NewRef() },
            RealEngine.Services($"FROM busybox\nRUN echo {Guid.NewGuid()} && sleep 20\n"),
            CancellationToken.None);
        var result = await running.SolveAsync(RealEngine.Dockerfile(), CancellationToken.None);
        var export = running.ExportAsync(result, CancellationToken.None);
        var stepRuns = new TaskCompletionSource();
        var events = Task.Run(async () =>
        {
            await foreach (var e in running.Events)
            {
                if (e is VertexLog)
                {
                    stepRuns.TrySetResult();
                }
            }
        });
        await (await Task.WhenAny(stepRuns.Task, export)).WaitAsync(RealEngine.Guard);

        _stalled = true;

        var failure = await Assert.ThrowsAsync<BuildFailedException>(() => export.WaitAsync(RealEngine.Guard));
        Assert.Equal(BuildxFailure.EngineLost, failure.Failure);
        Assert.Contains(proxy.Endpoint.Address, failure.Message, StringComparison.Ordinal);
        await events.WaitAsync(RealEngine.Guard);
        await running.DisposeAsync().AsTask().WaitAsync(RealEngine.Guard);
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

    /// <summary>A fake of a forwarded connection whose far end goes away without a word.</summary>
    private FakeDaemon StallingProxy(string host) => new(async (near, token) =>
    {
        var connector = ConnectorFactory.Create(new EngineEndpoint { Address = host }, SslApplicationProtocol.Http2);
        await using var far = await connector.ConnectAsync(token);
        await Task.WhenAll(ForwardAsync(near, far, token), ForwardAsync(far, near, token));
    });

    private async Task ForwardAsync(Stream from, Stream to, CancellationToken token)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, token) is > 0 and var length)
        {
            if (_stalled)
            {
                await Task.Delay(Timeout.Infinite, token);
            }

            await to.WriteAsync(buffer.AsMemory(0, length), token);
        }
    }
}
