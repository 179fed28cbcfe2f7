using BuildxPS.Engine.Emulation;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Tests.Builds;

namespace BuildxPS.Engine.Tests.Emulation;

public sealed class PlatformTrialTests : IDisposable
{
    private readonly FakeMachine _machine = new();
    private readonly FakeEngine _engine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task What_a_node_lists_is_tried_without_a_cache_and_without_a_record()
    {
        var tests = await RunAsync();

        Assert.Equal(["linux/amd64: native", "linux/386: native"], tests.Select(t => t.Result!.ToString()));
        Assert.True(_engine.Build!.Request.IsInternal);
        Assert.Equal("", _engine.Build.Call!.Attributes["no-cache"]);
        Assert.Equal("linux/386", _engine.Build.Call.Attributes["platform"]);
        var source = _engine.Build.Services.Sources["context"];
        var probe = Assert.Single(source.List(new FileSelection(), TestContext.Current.CancellationToken));
        Assert.Equal(0x1ED, (int)probe.Mode);
        using var file = source.OpenRead(probe.Path);
        Assert.Equal("386", ElfProgram.Read(file).Architecture!.Name);
    }

    [Fact]
    public async Task A_missing_emulator_is_a_result_with_the_line_to_run()
    {
        _engine.Export = (_, _) => throw new BuildFailedException(BuildxFailure.EmulatorMissing, "exec /probe: exec format error", "x");

        var test = Assert.Single(await RunAsync("linux/arm64")).Result!;

        Assert.False(test.Works);
        Assert.False(test.IsListed);
        Assert.Equal((PlatformMode.Missing, BuildxFailure.EmulatorMissing), (test.Mode, test.Failure));
        Assert.Contains("'Register-BuildxEmulator -Platform arm64' as root on the machine of the engine", test.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_the_kernel_does_not_find_has_an_emulator_without_the_flag_F()
    {
        _engine.Export = (_, _) => throw new BuildFailedException(BuildxFailure.StepFailed, "exit code: 1", "x") { LogTail = ["exec /probe: no such file or directory"] };

        var test = Assert.Single(await RunAsync("linux/arm64")).Result!;

        Assert.Equal(BuildxFailure.EmulatorUnusable, test.Failure);
        Assert.Contains("Register-BuildxEmulator -Platform arm64 -Force", test.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_does_not_end_is_given_up()
    {
        _engine.Export = (_, token) => Task.Delay(Timeout.Infinite, token);

        var test = Assert.Single(await RunAsync(TimeSpan.FromMilliseconds(200), "linux/arm64")).Result!;

        Assert.Equal(BuildxFailure.TimedOut, test.Failure);
        Assert.Contains("0.2 s", test.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_is_lost_is_the_nodes_failure()
    {
        _engine.Export = (_, _) => throw new BuildxException(BuildxFailure.EngineLost, "gone", "x");
        Assert.Equal(BuildxFailure.EngineLost, Assert.Single(await RunAsync("linux/arm64", "linux/s390x")).Failure!.Failure);
    }

    [Theory]
    [InlineData("linux/amd64/v3")]
    [InlineData("windows/amd64")]
    public async Task What_no_program_can_show_is_refused(string platform)
    {
        var failure = await Assert.ThrowsAsync<BuildxException>(() => RunAsync(platform));
        Assert.Equal(BuildxFailure.PlatformInvalid, failure.Failure);
    }

    private Task<List<NodeAnswer<PlatformTest>>> RunAsync(params string[] platforms) => RunAsync(TimeSpan.FromSeconds(30), platforms);

    private async Task<List<NodeAnswer<PlatformTest>>> RunAsync(TimeSpan limit, params string[] platforms)
        => await new PlatformTrial(_machine.Environment, (_, _) => Task.FromResult(_engine.Builder()))
            .RunAsync(new BuilderSelection(), [], [.. platforms.Select(Platform.Parse)], limit, TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken);
}
