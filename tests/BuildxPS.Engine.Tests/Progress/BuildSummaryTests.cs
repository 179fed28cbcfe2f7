using BuildxPS.Engine.Progress;

namespace BuildxPS.Engine.Tests.Progress;

public sealed class BuildSummaryTests
{
    private static readonly BuildStep s_cached = new() { Number = 1, Name = "a", Digest = "a", Status = BuildStepStatus.Cached, Started = FakeClock.Start };
    private static readonly BuildStep s_done = new() { Number = 2, Name = "b", Digest = "b", Status = BuildStepStatus.Completed, Started = FakeClock.Start, Completed = FakeClock.Start.AddSeconds(3.1) };

    [Fact]
    public void A_build_that_succeeded_has_digest_duration_and_steps()
    {
        var result = new BuildResult { BuildRef = "a/b/c", Builder = "a", Digest = "sha256:" + new string('0', 64), Duration = TimeSpan.FromSeconds(65), Steps = [s_cached, s_done] };
        Assert.Equal($"Built sha256:{new string('0', 64)} in 1m 5s: 2 steps, 1 cached", BuildSummary.Of(result).ToString());
        Assert.Equal("Built sha256:000000000000 in 1m 5s: 2 steps, 1 cached", BuildSummary.Of(result, isDigestShort: true).ToString());
        Assert.Equal("Built in 1m 5s: 1 step, 0 cached", BuildSummary.Of(result with { Digest = null, Steps = [s_done] }).ToString());
    }

    [Fact]
    public void A_build_that_failed_says_how_far_it_came()
    {
        var failed = s_done with { Status = BuildStepStatus.Failed };
        var failure = new BuildFailedException(BuildxFailure.StepFailed, "x", "y") { Steps = [s_cached, failed, s_done with { Status = BuildStepStatus.Pending, Started = null }] };
        Assert.Equal("Failed after 3.1s: 1 of 3 steps done, 1 cached", BuildSummary.Of(failure)?.ToString());
        Assert.Null(BuildSummary.Of(new BuildFailedException(BuildxFailure.EngineLost, "x", "y")));
    }
}
