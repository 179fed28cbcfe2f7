using BuildxPS.Engine.Tests.Environment;

namespace BuildxPS.Engine.Tests.Builds;

/// <summary>OCI layouts as outputs and as named contexts, on real engines and beside docker buildx and skopeo.</summary>
public sealed class RealLayoutTests : IDisposable
{
    private const string Dockerfile = "FROM alpine\nRUN STEP\nCOPY a.txt /\n";

    private readonly ContentFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    private string Step => File.ReadAllText(Path.Join(_fixture.Out("tree"), "step")).Trim();

    private BuildRequest WithContexts(string dockerfile, params string[] contexts)
        => _fixture.Request(dockerfile, "type=local,dest=" + _fixture.Out("tree")) with
        {
            NamedContexts = [.. contexts.Select(c => c.Split('=', 2)).Select(p => BuildContextSpec.Parse(p[0], p[1]))],
        };

    [Theory]
    [InlineData("bkd")]
    [InlineData("d28")]
    public async Task A_layout_folder_is_the_one_that_buildx_writes(string engine)
    {
        var request = _fixture.Request(Dockerfile, "type=oci,tar=false,dest=" + _fixture.Out("ours")) with
        {
            Tags = [ImageReference.Parse("a.example/b:c"), ImageReference.Parse("b")],
            Platforms = engine == "bkd" ? [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")] : [],
        };
        var result = await _fixture.BuildAsync(engine, request, ContentFixture.Reproducible);
        string[] platform = engine == "bkd" ? ["--platform", "linux/amd64,linux/arm64"] : [];
        await _fixture.BuildxAsync(engine, ContentFixture.Reproducible, ["--output", "type=oci,tar=false,dest=" + _fixture.Out("theirs"), "-t", "a.example/b:c", "-t", "b", .. platform]);

        Assert.Equal(ContentFixture.Tree(_fixture.Out("theirs")), ContentFixture.Tree(_fixture.Out("ours")));
        Assert.Equal(File.ReadAllText(_fixture.Out("theirs/index.json")), File.ReadAllText(_fixture.Out("ours/index.json")));
        var output = Assert.Single(result.Outputs);
        Assert.Equal(("oci", _fixture.Out("ours"), null), (output.Type, output.Path, output.Size));
        Assert.Equal(request.Platforms.Count == 0 ? ["linux/amd64"] : request.Platforms.Select(p => p.ToString()), result.PlatformImages!.Select(i => i.Platform.ToString()));
        Assert.Empty(_fixture.Leftovers());
    }

    [Fact]
    public async Task Layouts_share_a_folder_as_those_of_buildx_do()
    {
        foreach (var tag in new[] { "one", "two" })
        {
            var arguments = $"type=oci,tar=false,dest={_fixture.Out("ours")}";
            var dockerfile = Dockerfile + $"RUN echo {tag}\n";
            await _fixture.BuildAsync("bkd", _fixture.Request(dockerfile, arguments) with { Tags = [ImageReference.Parse("a.example/b:" + tag)] }, ContentFixture.Reproducible);
            await _fixture.BuildxAsync("bkd", ContentFixture.Reproducible, "--output", arguments.Replace("ours", "theirs", StringComparison.Ordinal), "-t", "a.example/b:" + tag);
        }

        Assert.Equal(ContentFixture.Tree(_fixture.Out("theirs")), ContentFixture.Tree(_fixture.Out("ours")));
        Assert.Empty(_fixture.Leftovers());
    }

    [Fact]
    public async Task Layouts_of_this_module_of_buildx_and_of_skopeo_are_base_images()
    {
        await _fixture.BuildAsync("bkd", _fixture.Request(Dockerfile, "type=oci,tar=false,dest=" + _fixture.Out("ours")) with { Tags = [ImageReference.Parse("a.example/b:c")] });
        await _fixture.BuildxAsync("bkd", [], "--output", "type=oci,tar=false,dest=" + _fixture.Out("theirs"));
        await PushFixture.SkopeoAsync("--insecure-policy", "copy", "--src-tls-verify=false", $"docker://{TestEngines.Registry("plain")}/library/alpine", $"oci:{_fixture.Out("skopeo")}:v1");
        await _fixture.BuildAsync("bkd", _fixture.Request(Dockerfile, "type=docker,tar=false,dest=" + _fixture.Out("docker")));
        var request = WithContexts(
            "FROM base\nCOPY --from=fourth /step /fourth\nCOPY --from=other /step /other\nCOPY --from=third /etc/passwd /passwd\nRUN cat /step > /read\n",
            $"base=oci-layout://{_fixture.Out("ours")}:c", $"other=oci-layout://{_fixture.Out("theirs")}", $"third=oci-layout://{_fixture.Out("skopeo")}",
            $"fourth=oci-layout://{_fixture.Out("docker")}");

        foreach (var engine in new[] { "bkd", "d28" })
        {
            var result = await _fixture.BuildAsync(engine, request);

            Assert.Contains(Step, _fixture.Step, StringComparison.Ordinal);
            Assert.Equal([Step, Step, Step], "other fourth read".Split(' ').Select(f => File.ReadAllText(_fixture.Out("tree/" + f)).Trim()));
            Assert.StartsWith("root:", File.ReadAllText(_fixture.Out("tree/passwd")), StringComparison.Ordinal);
            Assert.Empty(result.Warnings);
        }

        Assert.True((await _fixture.BuildAsync("d28", request)).Steps.Single(s => s.Name.Contains("RUN cat", StringComparison.Ordinal)).IsCached);
    }

    [Fact]
    public async Task The_engine_picks_its_platform_from_an_index_in_a_layout()
    {
        await _fixture.BuildAsync("bkd", _fixture.Request(Dockerfile + "ARG TARGETARCH\nRUN echo $TARGETARCH > /arch\n", "type=oci,tar=false,dest=" + _fixture.Out("index")) with
        {
            Platforms = [Platform.Parse("linux/arm64"), Platform.Parse("linux/amd64")],
        });

        await _fixture.BuildAsync("bkd", WithContexts("FROM base\n", $"base=oci-layout://{_fixture.Out("index")}") with { Platforms = [Platform.Parse("linux/arm64")] });

        Assert.Equal("arm64", File.ReadAllText(_fixture.Out("tree/arch")).Trim());
    }

    [Theory]
    [InlineData("bkd")]
    [InlineData("d28c")]
    public async Task An_image_and_a_folder_are_named_contexts_and_take_the_place_of_a_base_image(string engine)
    {
        Directory.CreateDirectory(_fixture.Out("more/sub"));
        File.WriteAllText(_fixture.Out("more/sub/file"), "from a folder");
        File.WriteAllText(_fixture.Out("more/left-out"), "x");
        File.WriteAllText(_fixture.Out("more/.dockerignore"), "left-out\n");
        Directory.CreateDirectory(_fixture.Out("second"));
        File.WriteAllText(_fixture.Out("second/b"), "b");
        var result = await _fixture.BuildAsync(engine, WithContexts(
            "FROM debian:nothere\nRUN STEP\nCOPY --from=more . /more\nCOPY --from=context b /b\nCOPY a.txt /\n",
            "docker.io/library/debian:nothere=docker-image://alpine", $"more={_fixture.Out("more")}", $"context={_fixture.Out("second")}"));

        Assert.Equal("from a folder", File.ReadAllText(_fixture.Out("tree/more/sub/file")));
        Assert.False(File.Exists(_fixture.Out("tree/more/left-out")));
        Assert.True(File.Exists(_fixture.Out("tree/a.txt")) && File.Exists(_fixture.Out("tree/b")));
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public async Task An_address_is_left_to_the_engine()
    {
        var address = $"http://{TestEngines.Registry("plain")}/nothere.git";

        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => _fixture.BuildAsync("bkd", WithContexts("FROM scratch\nCOPY --from=remote /x /\n", "remote=" + address)));

        Assert.Contains("nothere.git", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_layer_fails_the_build_and_is_named()
    {
        File.WriteAllBytes(Path.Join(_fixture.Context, "large"), System.Security.Cryptography.RandomNumberGenerator.GetBytes(3_000_000));
        await _fixture.BuildAsync("bkd", _fixture.Request("FROM scratch\nCOPY large /\n", "type=oci,tar=false,dest=" + _fixture.Out("layout")));
        var blob = RealCacheTests.Damage(new DirectoryInfo(_fixture.Out("layout/blobs/sha256")).EnumerateFiles().MaxBy(f => f.Length)!.FullName);

        var failure = await Assert.ThrowsAnyAsync<BuildxException>(() => _fixture.BuildAsync("d28", WithContexts("FROM base\n", $"base=oci-layout://{_fixture.Out("layout")}")));

        Assert.Equal(BuildxFailure.DigestMismatch, failure.Failure);
        Assert.Contains(blob, failure.Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(_fixture.Out("tree")));
    }

    [Fact]
    public async Task An_old_engine_is_refused_before_the_build()
    {
        await _fixture.BuildAsync("bkd", _fixture.Request(Dockerfile, "type=oci,tar=false,dest=" + _fixture.Out("layout")));

        foreach (var context in new[] { $"base=oci-layout://{_fixture.Out("layout")}", "base=docker-image://alpine" })
        {
            var failure = await Assert.ThrowsAsync<BuildxException>(() => _fixture.BuildAsync("d20", WithContexts("FROM base\n", context)));
            Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
            Assert.Contains(context, failure.Message, StringComparison.Ordinal);
        }
    }
}
