using System.Formats.Tar;
using System.Security.Cryptography;
using BuildxPS.Engine.Tests.Environment;
using BuildxPS.Engine.Tests.Images;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Builds for several platforms on real BuildKits, pushed, read back and compared with what docker buildx makes.</summary>
public sealed class RealPushTests
{
    private const string Several = """
        FROM --platform=$BUILDPLATFORM alpine AS cross
        ARG BUILDPLATFORM
        ARG TARGETPLATFORM
        RUN echo "on $BUILDPLATFORM for $TARGETPLATFORM by $(uname -m)" > /cross
        FROM alpine
        ARG TARGETPLATFORM
        RUN uname -m > /machine && echo "$TARGETPLATFORM" > /target
        COPY --from=cross /cross /cross
        COPY a.txt /
        LABEL id=ID
        """;

    private static readonly (string Name, string Value)[] s_reproducible = [("SOURCE_DATE_EPOCH", "1700000000"), ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")];

    private static readonly string[] s_platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7"];

    public static TheoryData<string> Engines => ["bkd", "d20", "d28"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Dockerfile => Several.Replace("ID", Guid.NewGuid().ToString("N"), StringComparison.Ordinal);

    private static IReadOnlyList<Platform> Platforms(params string[] platforms) => [.. platforms.Select(Platform.Parse)];

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Index_manifests_and_configs_are_those_that_buildx_pushes(string engine)
    {
        await using var fixture = await PushFixture.CreateAsync(engine);
        var request = fixture.Request(Dockerfile, fixture.Repository + ":ours") with { Platforms = Platforms(s_platforms), Push = true };
        var events = new List<BuildEvent>();
        var result = await fixture.BuildAsync(request, events, s_reproducible);
        await fixture.BuildxAsync(s_reproducible, "--platform", string.Join(',', s_platforms), "--push", "-t", fixture.Repository + ":theirs");

        var ours = await IndexAsync(fixture.Repository + ":ours");
        var theirs = await IndexAsync(fixture.Repository + ":theirs");
        Assert.Equal(theirs.Digest, ours.Digest);
        Assert.Equal(theirs.RawBytes.ToArray(), ours.RawBytes.ToArray());
        Assert.Equal(ours.Digest, result.Digest);
        Assert.Equal([fixture.Repository + ":ours"], result.Images);
        Assert.Equal(s_platforms, result.Platforms.Select(p => p.ToString()));
        Assert.Equal(
            ours.Manifests.Select(m => (m.Platform!.ToString(), m.Digest, m.Size, m.MediaType)),
            result.PlatformImages!.Select(i => (i.Platform.ToString(), i.Digest, i.Size, i.MediaType)));
        Assert.Empty(result.Warnings);

        var raw = await PushFixture.SkopeoAsync("inspect", "--raw", "--tls-verify=false", $"docker://{fixture.Repository}:ours");
        Assert.Equal(raw, ours.RawBytes.ToArray());
        Assert.Equal(result.Digest, "sha256:" + Convert.ToHexStringLower(SHA256.HashData(raw)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task With_attestations_the_image_of_each_platform_is_the_one_that_buildx_pushes(string engine)
    {
        await using var fixture = await PushFixture.CreateAsync(engine);
        var request = fixture.Request(Dockerfile, fixture.Repository + ":ours") with { Platforms = Platforms(s_platforms), Outputs = [OutputSpec.Parse("type=registry")] };
        (string, string)[] epoch = [("SOURCE_DATE_EPOCH", "1700000000")];
        var result = await fixture.BuildAsync(request, null, epoch);
        await fixture.BuildxAsync(epoch, "--platform", string.Join(',', s_platforms), "--output", "type=registry", "-t", fixture.Repository + ":theirs");

        var ours = await IndexAsync(fixture.Repository + ":ours");
        var theirs = await IndexAsync(fixture.Repository + ":theirs");
        Assert.Equal(3, ours.Manifests.Count(m => m.IsAttestation));
        Assert.Equal(theirs.Manifests.Count, ours.Manifests.Count);
        Assert.Equal(Images(theirs), Images(ours));
        Assert.Equal(Images(ours), result.PlatformImages!.Select(i => $"{i.Platform} {i.Digest} {i.Size}"));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Steps_run_under_emulation_and_on_the_builders_own_platform(string engine)
    {
        await using var fixture = await PushFixture.CreateAsync(engine);
        var request = fixture.Request(Dockerfile) with { Platforms = Platforms(s_platforms), Outputs = [OutputSpec.Parse("type=local,dest=" + fixture.Out("tree"))] };
        var events = new List<BuildEvent>();
        await fixture.BuildAsync(request, events);
        var plan = events.OfType<BuildStarted>().Single().Plan.Nodes[0];
        Assert.Equal(s_platforms, plan.Platforms.Select(p => p.ToString()));
        Assert.Equal(["linux/arm64", "linux/arm/v7"], plan.Foreign.Select(p => p.ToString()));
        foreach (var (folder, platform, machine) in new[] { ("linux_amd64", "linux/amd64", "x86_64"), ("linux_arm64", "linux/arm64", "aarch64"), ("linux_arm_v7", "linux/arm/v7", "armv7l") })
        {
            string Read(string file) => File.ReadAllText(Path.Join(fixture.Out("tree"), folder, file)).Trim();
            Assert.Equal(platform, Read("target"));
            Assert.Equal(machine, Read("machine"));
            Assert.Equal($"on linux/amd64 for {platform} by x86_64", Read("cross"));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_oci_archive_holds_what_the_result_says(string engine)
    {
        await using var fixture = await PushFixture.CreateAsync(engine);
        var request = fixture.Request(Dockerfile, "a.example/b:c") with { Platforms = Platforms(s_platforms), Outputs = [OutputSpec.Parse("type=oci,dest=" + fixture.Out("ours.tar"))] };
        var result = await fixture.BuildAsync(request, null, s_reproducible);
        Assert.Equal(s_platforms, result.PlatformImages!.Select(i => i.Platform.ToString()));
        var output = Assert.Single(result.Outputs);
        Assert.Equal(("oci", fixture.Out("ours.tar"), new FileInfo(fixture.Out("ours.tar")).Length), (output.Type, output.Path, output.Size));
        Assert.Equal(["a.example/b:c"], result.Images);

        await fixture.BuildxAsync(s_reproducible, "--platform", string.Join(',', s_platforms), "--output", "type=oci,dest=" + fixture.Out("theirs.tar"), "-t", "a.example/b:c");
        Assert.Equal(Names(fixture.Out("theirs.tar")), Names(fixture.Out("ours.tar")));
        var raw = await PushFixture.SkopeoAsync("inspect", "--raw", "oci-archive:" + fixture.Out("ours.tar"));
        Assert.Equal(result.Digest, "sha256:" + Convert.ToHexStringLower(SHA256.HashData(raw)));
    }

    [Theory]
    [InlineData("bkd")]
    [InlineData("d20")]
    [InlineData("d28")]
    public async Task An_image_is_loaded_into_docker_and_runs(string engine)
    {
        await using var fixture = await PushFixture.CreateAsync(engine);
        var name = "buildxps-test-load:" + Guid.NewGuid().ToString("N");
        var request = fixture.Request($"FROM alpine\nRUN echo hello > /greeting\nLABEL id={Guid.NewGuid()}\nCMD cat /greeting\n", name) with { Load = true };
        var events = new List<BuildEvent>();
        var result = await fixture.BuildAsync(request, events);
        Assert.Equal("hello", await fixture.DockerAsync([], "run", "--rm", "--network", "none", name));
        Assert.Equal(["docker.io/library/" + name], result.Images);
        var step = Assert.Single(result.Steps, s => s.Name == "importing to docker");
        Assert.Equal(BuildStepStatus.Completed, step.Status);
        await fixture.DockerAsync([], "image", "rm", name);
    }

    [Fact]
    public async Task A_builder_can_load_by_default()
    {
        await using var fixture = await PushFixture.CreateAsync("d28", loadsByDefault: true);
        var name = "buildxps-test-load:" + Guid.NewGuid().ToString("N");
        var result = await fixture.BuildAsync(fixture.Request("FROM alpine\n", name));
        Assert.Equal("docker", Assert.Single(result.Outputs).Type);
        Assert.Empty(result.Warnings);
        await fixture.DockerAsync([], "image", "rm", name);
    }

    [Fact]
    public async Task A_daemon_with_a_containerd_store_pushes_what_buildx_lets_it_push()
    {
        await using var fixture = await PushFixture.CreateAsync("d28");
        var request = fixture.InDaemon(fixture.Request(Dockerfile, fixture.Repository + ":ours") with { Platforms = Platforms(s_platforms), Push = true });
        var result = await fixture.BuildAsync(request, null, s_reproducible);
        await fixture.DockerAsync(
            [("BUILDX_BUILDER", "default"), .. s_reproducible],
            "buildx", "build", "--platform", string.Join(',', s_platforms), "--push", "-t", fixture.Repository + ":theirs", fixture.Context);
        Assert.Equal((await IndexAsync(fixture.Repository + ":theirs")).Digest, result.Digest);
        Assert.Equal(s_platforms, result.PlatformImages!.Select(i => i.Platform.ToString()));
        await fixture.DockerAsync([], "image", "rm", fixture.Repository + ":ours", fixture.Repository + ":theirs");
    }

    [Fact]
    public async Task Several_platforms_are_loaded_into_a_containerd_store_and_pushed_by_one_build()
    {
        await using var fixture = await PushFixture.CreateAsync("d28");
        var request = fixture.Request(Dockerfile, fixture.Repository) with { Platforms = Platforms(s_platforms), Load = true, Push = true };
        var result = await fixture.BuildAsync(request, null, s_reproducible);
        var index = await IndexAsync(fixture.Repository);
        Assert.Equal(index.Digest, result.Digest);
        Assert.Equal(3, result.PlatformImages!.Count);
        Assert.Equal("aarch64", await fixture.DockerAsync([], "run", "--rm", "--network", "none", "--platform", "linux/arm64", fixture.Repository, "cat", "/machine"));
        Assert.Equal(["docker", "image"], result.Outputs.Select(o => o.Type).Order());
        await fixture.DockerAsync([], "image", "rm", fixture.Repository);
    }

    [Theory]
    [InlineData("https")]
    [InlineData("token")]
    public async Task A_registry_with_a_password_is_pushed_to_with_the_stored_login(string registry)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", login: true);
        var name = $"{TestEngines.Registry(registry)}/logins/{Guid.NewGuid():N}";
        var result = await fixture.BuildAsync(fixture.Request($"FROM {TestEngines.Registry(registry)}/base\nLABEL id={Guid.NewGuid():N}\n", name) with { Push = true });
        var trust = new RegistryTrust { CaFiles = [TestEngines.Certificate("ca")] };
        var (user, password) = TestEngines.User(registry);
        var read = await TestClients.InspectAsync(name, trust, FixedCredentials.User(TestEngines.Registry(registry), user, password));
        Assert.Equal(result.Digest, read.Digest);
    }

    [Theory]
    [InlineData("https", null, "There is no login for")]
    [InlineData("https", "wr0ng-pass", "user 'user' from")]
    [InlineData("token", null, "There is no login for")]
    [InlineData("token", "wr0ng-pass", "user 'user' from")]
    public async Task A_registry_that_refuses_is_named_with_the_login(string registry, string? password, string expected)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd");
        if (password is not null)
        {
            fixture.LogIn(registry, password);
        }

        var host = TestEngines.Registry(registry);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(fixture.Request("FROM scratch\nLABEL a=b\n", $"{host}/logins/none") with { Push = true }));
        Assert.Equal(BuildxFailure.RegistryUnauthorized, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(host, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng-pass", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_platform_that_a_base_image_lacks_is_answered_with_those_it_has()
    {
        await using var fixture = await PushFixture.CreateAsync("bkd");
        var request = fixture.Request($"FROM {TestEngines.Registry("plain")}/library/alpine\n", "a") with { Platforms = Platforms("linux/mips64le"), Outputs = [OutputSpec.Parse("type=cacheonly")] };
        var events = new List<BuildEvent>();
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(request, events));
        Assert.Equal(BuildxFailure.PlatformNotAvailable, error.Failure);
        Assert.Contains("has linux/amd64, linux/arm64, linux/arm/v7", error.Message, StringComparison.Ordinal);
        Assert.Contains("does not list linux/mips64le", events.OfType<BuildStarted>().Single().Plan.Nodes[0].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:1", BuildxFailure.RegistryUnreachable)]
    [InlineData("no-such-host.test:5000", BuildxFailure.NameNotResolved)]
    public async Task A_registry_that_is_not_there_is_explained(string host, BuildxFailure expected)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd");
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(fixture.Request("FROM scratch\nLABEL a=b\n", host + "/x") with { Push = true }));
        Assert.Equal(expected, error.Failure);
    }

    [Fact]
    public async Task An_https_registry_on_the_loopback_address_that_the_builder_does_not_know_is_explained()
    {
        // Any server that wants TLS does: the engine gets no further than its answer to plain http.
        var host = new Uri(TestEngines.RequireTcp("d28")).Authority;
        await using var fixture = await PushFixture.CreateAsync("d28", login: true);
        var error = await Assert.ThrowsAnyAsync<BuildxException>(() => fixture.BuildAsync(fixture.Request("FROM scratch\nLABEL a=b\n", host + "/x") with { Push = true }));
        Assert.Equal(BuildxFailure.RegistryHttpsRequired, error.Failure);
        Assert.Contains($"-RegistryCa @{{ '{host}' =", error.Advice, StringComparison.Ordinal);
    }

    private static async Task<ImageIndex> IndexAsync(string name) => Assert.IsType<ImageIndex>(await TestClients.InspectAsync(name));

    private static IEnumerable<string> Images(ImageIndex index)
        => index.Manifests.Where(m => !m.IsAttestation).Select(m => $"{m.Platform} {m.Digest} {m.Size}");

    private static List<string> Names(string tar)
    {
        using var reader = new TarReader(File.OpenRead(tar));
        var names = new List<string>();
        while (reader.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name);
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }
}
