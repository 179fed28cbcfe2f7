using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Tests.Connections;
using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>Images that real engines make and real docker daemons take, of both kinds of store.</summary>
public sealed class RealLoadTests
{
    // A provenance is another one each time, and with it the index.
    private static readonly (string Name, string Value)[] s_reproducible = [("SOURCE_DATE_EPOCH", "1700000000"), ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1")];

    private readonly string _name = "buildxps-test-load-" + Guid.NewGuid().ToString("N")[..12];

    private string Dockerfile => $"FROM alpine\nRUN uname -m > /machine\nLABEL id={_name}\n";

    private static IReadOnlyList<Platform> Platforms(params string[] platforms) => [.. platforms.Select(Platform.Parse)];

    [Theory]
    [InlineData("bkd", "d28c")]
    [InlineData("bkd", "d20")]
    [InlineData("own", "d28c")]
    [InlineData("own", "d20")]
    public async Task Several_platforms_land_in_a_classic_store_under_names_of_their_own(string builder, string docker)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", docker: docker);
        var request = fixture.Request(Dockerfile, _name + ":1") with { Platforms = Platforms("linux/arm/v7", "linux/amd64"), Load = true };
        var result = await fixture.BuildAsync(builder == "own" ? fixture.InDaemon(request) : request);

        string[] names = [$"{_name}:1-linux-arm-v7", $"{_name}:1-linux-amd64", $"{_name}:1"];
        Assert.Equal("linux arm", await fixture.DockerAsync([], "image", "inspect", "--format", "{{.Os}} {{.Architecture}}", names[0]));
        Assert.Equal("armv7l", await RunAsync(fixture, names[0]));
        Assert.Equal("x86_64", await RunAsync(fixture, names[1]));
        Assert.Equal("x86_64", await RunAsync(fixture, names[2]));

        Assert.Equal(names.Select(n => "docker.io/library/" + n).Order(), result.Images.Order());
        Assert.Equal(["linux/arm/v7", "linux/amd64"], result.PlatformImages!.Select(i => i.Platform.ToString()));
        foreach (var image in result.PlatformImages!)
        {
            Assert.Equal(image.Digest, await fixture.DockerAsync([], "image", "inspect", "--format", "{{.Id}}", image.Names[0]));
        }

        Assert.Equal(result.PlatformImages![1].Digest, result.Digest);
        var warning = Assert.Single(result.Warnings, w => w.Message.Contains("classic image store", StringComparison.Ordinal)).Message;
        Assert.Contains($"linux/arm/v7 is {names[0]}", warning, StringComparison.Ordinal);
        Assert.Contains($"linux/amd64 is {names[1]} and {names[2]}", warning, StringComparison.Ordinal);
        Assert.Equal("docker", Assert.Single(result.Outputs).Type);
        await fixture.DockerAsync([], ["image", "rm", .. names]);
    }

    [Fact]
    public async Task Several_platforms_land_in_a_containerd_store_as_one_index()
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", docker: "d28");
        var request = fixture.Request(Dockerfile, _name) with { Platforms = Platforms("linux/amd64", "linux/arm64"), Load = true };
        var result = await fixture.BuildAsync(request);
        Assert.Equal(result.Digest, await fixture.DockerAsync([], "image", "inspect", "--format", "{{.Id}}", _name));
        Assert.Equal("aarch64", await RunAsync(fixture, _name, "--platform", "linux/arm64"));
        Assert.Equal("x86_64", await RunAsync(fixture, _name, "--platform", "linux/amd64"));
        Assert.DoesNotContain(result.Warnings, w => w.Message.Contains("classic", StringComparison.Ordinal));
        await fixture.DockerAsync([], "image", "rm", _name);
    }

    [Theory]
    [InlineData("d20", 1)]
    [InlineData("d28c", 1)]
    [InlineData("d28", 1)]
    [InlineData("d28", 2)]
    public async Task An_image_that_the_daemon_has_is_named_and_not_sent_again(string docker, int platforms)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", docker: docker);
        await using var relay = new CountingRelay(TestEngines.Require(docker));
        await File.WriteAllBytesAsync(Path.Join(fixture.Context, "large"), Noise(2 << 20), PushFixture.Token);
        var request = fixture.Request($"FROM scratch\nCOPY large /\nLABEL id={_name}\n", _name + ":1") with
        {
            Platforms = Platforms("linux/amd64", "linux/arm64").Take(platforms).ToList(),
            Load = true,
        };
        var first = await fixture.BuildThroughAsync(request, _ => new DockerDaemon(relay.Endpoint), s_reproducible);
        var sent = relay.Sent;
        Assert.InRange(sent, 2 << 20, long.MaxValue);

        var second = await fixture.BuildThroughAsync(
            request with { Tags = [ImageReference.Parse(_name + ":2"), ImageReference.Parse("reg.example/" + _name)] }, _ => new DockerDaemon(relay.Endpoint), s_reproducible);
        Assert.InRange(relay.Sent - sent, 1, 64 * 1024);
        Assert.Equal(first.Digest, second.Digest);
        var id = await fixture.DockerAsync([], "image", "inspect", "--format", "{{.Id}}", _name + ":1");
        Assert.Equal(id, await fixture.DockerAsync([], "image", "inspect", "--format", "{{.Id}}", _name + ":2"));
        Assert.Equal(id, await fixture.DockerAsync([], "image", "inspect", "--format", "{{.Id}}", "reg.example/" + _name));
        Assert.Equal(BuildStepStatus.Completed, Assert.Single(second.Steps, s => s.Name == "importing to docker").Status);

        // What is gone is sent.
        await fixture.DockerAsync([], "image", "rm", _name + ":1", _name + ":2", "reg.example/" + _name);
        sent = relay.Sent;
        await fixture.BuildThroughAsync(request, _ => new DockerDaemon(relay.Endpoint), s_reproducible);
        Assert.InRange(relay.Sent - sent, 2 << 20, long.MaxValue);
        await fixture.DockerAsync([], "image", "rm", _name + ":1");
    }

    [Theory]
    [InlineData("bkd")]
    [InlineData("own")]
    public async Task An_image_is_loaded_into_the_daemon_of_a_context(string builder)
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", docker: "d28");
        await fixture.AddContextAsync("elsewhere", "d20");
        var request = fixture.Request(Dockerfile, _name) with { Outputs = [OutputSpec.Parse("type=docker,context=elsewhere")] };
        await fixture.BuildAsync(builder == "own" ? fixture.InDaemon(request) : request);
        var (exitCode, output, error) = await DockerCommand.RunAsync("d20", [], "run", "--rm", "--network", "none", _name, "cat", "/machine");
        Assert.True(exitCode == 0, error);
        Assert.Equal("x86_64", output.Trim());
        Assert.NotEqual(0, (await DockerCommand.RunAsync("d28", [], "image", "inspect", _name)).ExitCode);
        await DockerCommand.RunAsync("d20", [], "image", "rm", _name);
    }

    [Fact]
    public async Task A_context_that_stands_for_the_builders_own_daemon_needs_no_transfer()
    {
        await using var fixture = await PushFixture.CreateAsync("bkd", docker: "d28");
        await fixture.AddContextAsync("same", "d28");
        var result = await fixture.BuildAsync(fixture.InDaemon(fixture.Request(Dockerfile, _name) with { Outputs = [OutputSpec.Parse("type=docker,context=same")] }));
        Assert.DoesNotContain(result.Steps, s => s.Name == "importing to docker");
        Assert.Equal("x86_64", await RunAsync(fixture, _name));
        await fixture.DockerAsync([], "image", "rm", _name);
    }

    [Fact]
    public async Task A_context_that_is_not_there_is_refused_before_anything_is_built()
    {
        await using var fixture = await PushFixture.CreateAsync("bkd");
        await fixture.AddContextAsync("elsewhere", "d20");
        var events = new List<BuildEvent>();
        var failure = await Assert.ThrowsAsync<BuildxException>(
            () => fixture.BuildAsync(fixture.Request(Dockerfile) with { Outputs = [OutputSpec.Parse("type=docker,context=nowhere")] }, events));
        Assert.Equal(BuildxFailure.ContextNotFound, failure.Failure);
        Assert.Contains("'nowhere'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("default, elsewhere", failure.Message, StringComparison.Ordinal);
        Assert.Empty(events);
    }

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private static Task<string> RunAsync(PushFixture fixture, string image, params string[] options)
        => fixture.DockerAsync([], ["run", "--rm", "--network", "none", .. options, image, "cat", "/machine"]);
}
