namespace BuildxPS.Engine.Tests.Engines.BuildKit;

/// <summary>Real engines on slow lines, and slow disks here: whoever is faster waits, and nothing piles up between.</summary>
public sealed class SlowLineTests
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task A_context_is_read_no_faster_than_a_slow_engine_takes_it(string name)
    {
        var (engine, network) = RealEngine.ConnectOver(name, overSessionRoute: name != "bkd");
        await using var owned = engine;
        // Fast enough to begin, and too slow to end before it gets slower.
        network.BytesPerSecond = 10 * (int)MiB;
        var context = new ZeroFileSource(GiB);
        await using (var build = await RunningBuild.StartAsync(engine, "FROM scratch\nCOPY zeros /\n", context))
        {
            await UntilAsync(() => network.Sent > 64 * 1024);
            network.BytesPerSecond = 1024;
            // What was on its way at the old speed.
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
            var sent = network.Sent;

            // Some seconds' worth of the slow line: whatever can pile up has done so by then.
            await UntilAsync(() => network.Sent > sent + 3 * 1024);

            Assert.InRange(context.Read - network.Sent, 0, 8 * MiB);
        }

        await context.IsClosedAsync();
    }

    [Theory]
    [InlineData("d28")]
    [InlineData("bkd")]
    public async Task An_output_comes_no_faster_than_a_slow_disk_takes_it_and_is_whole_in_the_end(string name)
    {
        var (engine, network) = RealEngine.ConnectOver(name, overSessionRoute: name != "bkd");
        await using var owned = engine;
        var output = new GatedOutput();
        await using var build = await RunningBuild.StartAsync(
            engine, $"FROM busybox\nRUN echo {Guid.NewGuid()} && dd if=/dev/zero of=/zeros bs=1M count=48\n", output: output);
        await output.Reached.WaitAsync(RealEngine.Guard);

        // More than the five seconds after which engines ask whether a session is alive: they must get their answer.
        await Task.Delay(TimeSpan.FromSeconds(7), TestContext.Current.CancellationToken);
        Assert.InRange(network.Received, 0, 16 * MiB);
        output.Open();

        await build.Outcome.WaitAsync(RealEngine.Guard);
        Assert.InRange(output.Length, 48 * MiB, 64 * MiB);
    }

    private static async Task UntilAsync(Func<bool> isReached)
    {
        using var guard = new CancellationTokenSource(RealEngine.Guard);
        while (!isReached())
        {
            await Task.Delay(20, guard.Token);
        }
    }
}
