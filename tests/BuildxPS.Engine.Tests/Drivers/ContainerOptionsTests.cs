using BuildxPS.Engine.Drivers;
using Docker.DotNet.Models;

namespace BuildxPS.Engine.Tests.Drivers;

public sealed class ContainerOptionsTests
{
    private static ContainerOptions Parse(string name, string value) => ContainerOptions.Parse(new Dictionary<string, string> { [name] = value });

    [Theory]
    [InlineData("512m", 512L << 20)]
    [InlineData("1.5g", 3L << 29)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("10", 10)]
    [InlineData("1k", 1024)]
    [InlineData("1 kb", 1024)]
    public void Memory_is_read_as_docker_reads_it(string text, long expected) => Assert.Equal(expected, Parse("memory", text).Memory);

    [Theory]
    [InlineData("no", RestartPolicyKind.No, 0)]
    [InlineData("always", RestartPolicyKind.Always, 0)]
    [InlineData("on-failure:5", RestartPolicyKind.OnFailure, 5)]
    [InlineData("unless-stopped", RestartPolicyKind.UnlessStopped, 0)]
    public void Restart_policy_is_read(string text, RestartPolicyKind kind, int count)
    {
        var policy = Parse("restart-policy", text).RestartPolicy;
        Assert.Equal((kind, (long)count), (policy.Name, policy.MaximumRetryCount));
    }

    [Fact]
    public void Options_left_out_are_buildxs_own()
    {
        var options = ContainerOptions.Parse(new Dictionary<string, string>());
        Assert.Equal(("moby/buildkit:buildx-stable-1", "/docker/buildx", RestartPolicyKind.UnlessStopped), (options.Image, options.CgroupParent, options.RestartPolicy.Name));
        Assert.Equal((false, -1L), (options.LoadsByDefault, Parse("memory-swap", "-1").MemorySwap));
        Assert.Equal(["A=b=c"], Parse("env.A", "b=c").Environment);
        Assert.True(Parse("default-load", "T").LoadsByDefault);
    }

    [Theory]
    [InlineData("imag", "x")]
    [InlineData("image", "registry.example/UPPER")]
    [InlineData("memory", "1x")]
    [InlineData("memory", "9999999p")]
    [InlineData("memory", "-1")]
    [InlineData("cpu-shares", "many")]
    [InlineData("default-load", "yes")]
    [InlineData("restart-policy", "sometimes")]
    [InlineData("restart-policy", "always:3")]
    [InlineData("restart-policy", "on-failure:x")]
    [InlineData("env.", "x")]
    public void Wrong_option_is_refused_by_name(string name, string value)
    {
        var failure = Assert.Throws<BuildxException>(() => Parse(name, value));
        Assert.Equal(BuildxFailure.DriverOptionInvalid, failure.Failure);
        Assert.Contains($"{name}={value}", failure.Message, StringComparison.Ordinal);
        Assert.Contains("restart-policy", failure.Advice, StringComparison.Ordinal);
    }
}
