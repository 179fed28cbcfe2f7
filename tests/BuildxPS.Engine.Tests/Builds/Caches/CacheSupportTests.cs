using BuildxPS.Engine.Builds.Caches;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Builds.Caches;

/// <summary>What engines that are old, or part of a daemon, can do with caches is said before the build.</summary>
public sealed class CacheSupportTests
{
    private const string All = "registry:ref=a local:src=/a gha s3 azblob";

    private static readonly DriverFeatures s_own = new();
    private static readonly DriverFeatures s_containerd = new() { IsDockerDaemon = true, HasContainerdStore = true };
    private static readonly DriverFeatures s_classic = new() { IsDockerDaemon = true };

    private static EngineDescription Engine(params string[] capabilities) => new() { Version = "v0.9.9", Capabilities = capabilities.ToHashSet(StringComparer.Ordinal) };

    private static DriverFeatures Features(string driver) => driver switch { "own" => s_own, "containerd" => s_containerd, _ => s_classic };

    private static CacheSpec Spec(string text, bool isWritten) => CacheSpec.Parse("type=" + text.Replace(":", ",", StringComparison.Ordinal).Replace("src", isWritten ? "dest" : "src", StringComparison.Ordinal));

    [Theory]
    [InlineData("own", "cache.gha cache.s3 cache.azblob", "registry local gha s3 azblob")]
    [InlineData("own", "cache.gha", "registry local gha")]
    [InlineData("own", "", "registry local")]
    [InlineData("containerd", "cache.gha cache.s3 cache.azblob", "registry local gha")]
    [InlineData("containerd", "", "registry local")]
    [InlineData("classic", "cache.gha cache.s3 cache.azblob", "registry local")]
    public void A_cache_that_an_engine_cannot_read_is_left_out_and_said(string driver, string capabilities, string expected)
    {
        var caches = All.Split(' ').Select(t => Spec(t, isWritten: false)).Select(s => new OpenCache(s, new EngineCache { Type = s.Type })).ToList();
        var (usable, warnings) = CacheSupport.ChooseRead(caches, Engine(capabilities.Split(' ')), Features(driver));
        Assert.Equal(expected, string.Join(' ', usable.Select(c => c.Spec.Type)));
        Assert.Equal(5 - usable.Count, warnings.Count);
        Assert.All(caches.Except(usable), c => Assert.Contains(warnings, w => w.Contains($"'{c.Spec.SafeText}' is not used", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("own", "cache.gha cache.s3 cache.azblob", "registry local gha s3 azblob inline")]
    [InlineData("own", "cache.s3", "registry local s3 inline")]
    [InlineData("containerd", "cache.gha cache.s3 cache.azblob", "registry local gha inline")]
    [InlineData("classic", "cache.gha cache.s3 cache.azblob", "inline")]
    public void A_cache_that_an_engine_cannot_write_is_refused(string driver, string capabilities, string expected)
    {
        var engine = Engine(capabilities.Split(' '));
        var possible = (All + " inline").Split(' ').Select(t => Spec(t, isWritten: true)).Where(spec =>
        {
            try
            {
                CacheSupport.CheckWritten(new PlannedCaches { To = [spec] }, engine, Features(driver));
                return true;
            }
            catch (BuildxException e)
            {
                Assert.Equal(BuildxFailure.EngineUnsupported, e.Failure);
                Assert.Contains($"'{spec.SafeText}'", e.Message, StringComparison.Ordinal);
                Assert.Contains("New-BuildxBuilder", e.Advice, StringComparison.Ordinal);
                return false;
            }
        });
        Assert.Equal(expected, string.Join(' ', possible.Select(c => c.Type)));
    }
}
