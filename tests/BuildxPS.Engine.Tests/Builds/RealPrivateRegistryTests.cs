using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Images;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>
/// Private registries (plain http; https with an authority of its own and a password; tokens) are pushed to and keep caches,
/// from a docker daemon's own BuildKit and from one in a container, each reading what only the other one built.
/// </summary>
public sealed class RealPrivateRegistryTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("https")]
    [InlineData("token")]
    public async Task Both_drivers_push_images_and_share_caches(string registry)
    {
        await using var fixture = await PushFixture.CreateAsync("d28", login: true, config: await File.ReadAllTextAsync(TestEngines.Tool("buildkitdConfig"), PushFixture.Token));
        var repository = $"{TestEngines.Registry(registry)}/private/{Guid.NewGuid():N}";

        await ShareAsync(fixture, repository + "/a", registry, fixture.InDaemon, r => r);
        await ShareAsync(fixture, repository + "/b", registry, r => r, fixture.InDaemon);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("token")]
    public async Task A_classic_store_reads_the_cache_in_an_image_that_another_engine_pushed(string registry)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", login: true);
        var name = $"{TestEngines.Registry(registry)}/private/{Guid.NewGuid():N}:1";
        var step = Guid.NewGuid().ToString("N");
        var request = fixture.Request($"FROM alpine\nRUN echo {step} > /step\n", name);
        await fixture.BuildAsync(request with { Push = true, CacheTo = [CacheSpec.Parse("type=inline")] });

        var read = await fixture.BuildAsync(request with
        {
            Builder = new BuilderSelection { DockerHost = TestEngines.Require("d28c") },
            Tags = [],
            Outputs = [OutputSpec.Parse("type=cacheonly")],
            CacheFrom = [CacheSpec.Parse(name)],
        });
        AssertCached(read, step);
        Assert.Empty(read.Warnings);
    }

    [Theory]
    [InlineData("https")]
    [InlineData("token")]
    public async Task Without_a_login_a_cache_is_not_read_which_is_said_and_not_written_which_fails(string registry)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd");
        var place = $"{TestEngines.Registry(registry)}/private/none:cache";
        var request = fixture.Request($"FROM alpine\nRUN echo {Guid.NewGuid():N} > /step\n") with { Outputs = [OutputSpec.Parse("type=cacheonly")] };

        var warning = Assert.Single((await fixture.BuildAsync(request with { CacheFrom = [CacheSpec.Parse(place)] })).Warnings).Message;
        Assert.Contains(place, warning, StringComparison.Ordinal);

        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(request with { CacheTo = [CacheSpec.Parse($"type=registry,ref={place},mode=max")] }));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, failure.Failure);
        Assert.Contains(TestEngines.Registry(registry), failure.Message, StringComparison.Ordinal);
    }

    private static async Task ShareAsync(PushFixture fixture, string repository, string registry, Func<BuildRequest, BuildRequest> writer, Func<BuildRequest, BuildRequest> reader)
    {
        var step = Guid.NewGuid().ToString("N");
        var request = fixture.Request($"FROM alpine\nRUN echo {step} > /step\nCOPY a.txt /\n", repository + ":image");
        var pushed = await fixture.BuildAsync(writer(request) with { Push = true, CacheTo = [CacheSpec.Parse($"type=registry,ref={repository}:cache,mode=max")] });
        // A daemon keeps its authorities to itself, so that this client cannot look at what it pushed.
        Assert.DoesNotContain(pushed.Warnings, w => !(registry == "https" && w.Message.Contains("digests of the single platforms", StringComparison.Ordinal)));
        Assert.Equal(await DigestAsync(registry, repository + ":image"), pushed.Digest);

        var read = await fixture.BuildAsync(reader(request) with { Tags = [], Outputs = [OutputSpec.Parse("type=cacheonly")], CacheFrom = [CacheSpec.Parse(repository + ":cache")] });
        AssertCached(read, step);
        Assert.Empty(read.Warnings);
    }

    private static void AssertCached(BuildResult result, string step) => Assert.True(Assert.Single(result.Steps, s => s.Name.Contains(step, StringComparison.Ordinal)).IsCached);

    private static async Task<string> DigestAsync(string registry, string name)
    {
        if (registry == "plain")
        {
            return (await TestClients.InspectAsync(name)).Digest;
        }

        var (user, password) = TestEngines.User(registry);
        var trust = new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] };
        return (await TestClients.InspectAsync(name, trust, FixedCredentials.User(TestEngines.Registry(registry), user, password))).Digest;
    }
}
