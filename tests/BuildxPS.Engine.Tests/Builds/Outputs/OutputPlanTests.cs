using BuildxPS.Engine.Builds.Outputs;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Builds.Outputs;

public sealed class OutputPlanTests
{
    private static readonly DriverFeatures s_containerd = new() { IsDockerDaemon = true, HasContainerdStore = true };
    private static readonly DriverFeatures s_classic = new() { IsDockerDaemon = true };
    private static readonly DriverFeatures s_remote = new() { HasContainerdStore = true };
    private static readonly DriverFeatures s_loading = s_remote with { LoadsByDefault = true };

    private static string Plan(BuildRequest request, DriverFeatures features, bool several = true, string? noLoad = null, bool loadsIndexes = false)
    {
        var engine = new EngineDescription
        {
            Version = "v0.8",
            Capabilities = several ? new HashSet<string> { "exporter.multiple" } : new HashSet<string>(),
        };
        var variables = noLoad is null ? new Dictionary<string, string>() : new() { ["BUILDX_NO_DEFAULT_LOAD"] = noLoad };
        var outputs = ExporterPlan.WithDefault(OutputPlan.Check(request), features, new ClientEnvironment { Variables = variables, HomeDirectory = "/" });
        var exporters = ExporterPlan.Create(
            outputs, request, engine, features, o => o.IsLoad && (!features.IsDockerDaemon || o.LoadContext is not null) ? new DockerImageStore(loadsIndexes, null) : null);
        return string.Join(" | ", exporters.Select(e => e.Exporter.Type + string.Concat(e.Exporter.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $" {a.Key}={a.Value}"))));
    }

    private static BuildRequest Request(string outputs = "", bool load = false, string tags = "", string platforms = "", bool push = false) => new()
    {
        Push = push,
        ContextPath = "/src",
        Outputs = [.. outputs.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(OutputSpec.Parse)],
        Load = load,
        Tags = [.. tags.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(ImageReference.Parse)],
        Platforms = [.. platforms.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(Platform.Parse)],
    };

    [Theory]
    [InlineData("", false, "", "moby")]
    [InlineData("", false, "app;reg:5000/x:1", "moby name=docker.io/library/app:latest,reg:5000/x:1")]
    [InlineData("", true, "app", "moby name=docker.io/library/app:latest")]
    [InlineData("type=image", true, "app", "moby name=docker.io/library/app:latest")]
    [InlineData("type=image,name=mine", false, "", "moby name=mine")]
    [InlineData("type=image,name=mine", false, "app", "moby name=docker.io/library/app:latest")]
    [InlineData("type=image,push=false,compression=zstd", false, "", "moby compression=zstd")]
    [InlineData("type=docker", true, "app", "moby name=docker.io/library/app:latest")]
    [InlineData("type=docker,dest=/tmp/a.tar", false, "app", "docker name=docker.io/library/app:latest")]
    [InlineData("type=docker,dest=/tmp/a.tar,tar=true", true, "", "docker | moby")]
    [InlineData("/out", false, "app", "local")]
    [InlineData("type=local,dest=/out,platform-split=false,mode=copy", false, "", "local platform-split=false")]
    [InlineData("type=tar,dest=/a.tar,platform-split=true,attestation-prefix=a,source-date-epoch=1", false, "", "tar attestation-prefix=a platform-split=true source-date-epoch=1")]
    [InlineData("type=tar,dest=/a.tar;type=local,dest=/out", true, "app", "tar | local | moby name=docker.io/library/app:latest")]
    [InlineData("type=cacheonly", false, "app", "")]
    public void A_daemon_with_a_containerd_store_gets(string outputs, bool load, string tags, string expected)
        => Assert.Equal(expected, Plan(Request(outputs, load, tags), s_containerd));

    [Theory]
    [InlineData("", "moby")]
    [InlineData("type=image,name=a", "moby name=a")]
    [InlineData("type=tar,dest=/a.tar", "tar")]
    public void A_daemon_with_a_classic_store_gets(string outputs, string expected)
        => Assert.Equal(expected, Plan(Request(outputs), s_classic, several: false));

    [Theory]
    [InlineData("", "")]
    [InlineData("type=image,name=a", "image name=a")]
    public void An_engine_of_its_own_gets(string outputs, string expected)
        => Assert.Equal(expected, Plan(Request(outputs), s_remote));

    [Theory]
    [InlineData("true", "")]
    [InlineData("0", "moby")]
    public void The_default_image_can_be_turned_off(string value, string expected)
        => Assert.Equal(expected, Plan(Request(), s_containerd, noLoad: value));

    [Theory]
    [InlineData("type=oci", "no destination")]
    [InlineData("type=local,dest=-", "dest=- (the pipeline)")]
    [InlineData("type=oci,dest=-,tar=false", "dest=- (the pipeline)")]
    [InlineData("-;type=oci,dest=-", "Multiple outputs go to the pipeline")]
    [InlineData("type=image,dest=-", "has a destination")]
    [InlineData("type=oci,tar=false", "no destination")]
    [InlineData("type=oci,dest=/a,tar=false;type=docker,dest=/b,tar=0", "layout folders")]
    [InlineData("type=oci,dest=/a.tar,push=true", "asks to push")]
    [InlineData("type=docker,push=1", "asks to push")]
    [InlineData("type=registry,name=a,push=false", "not to push")]
    [InlineData("type=registry,dest=/a", "has a destination")]
    [InlineData("type=image,name=a,push=yes", "push=yes")]
    [InlineData("type=wasm", "'wasm'")]
    [InlineData("type=local", "no destination")]
    [InlineData("type=tar", "no destination")]
    [InlineData("type=tar,dest=a.tar", "not an absolute path")]
    [InlineData("type=image,dest=/a", "has a destination")]
    [InlineData("type=docker,tar=false", "tar=false")]
    [InlineData("type=docker,dest=/a.tar,context=other", "names a context")]
    [InlineData("type=docker,context=", "context=")]
    [InlineData("type=local,dest=/out,mode=mirror", "mode=mirror, which is not copy or delete")]
    [InlineData("type=tar,dest=/a.tar,compression=gzip", "'compression'")]
    [InlineData("type=local,dest=/out,push=true", "'push'")]
    [InlineData("/out;type=tar,dest=/out/", "same destination '/out'")]
    public void An_output_that_does_not_fit_is_refused_naming_the_part(string outputs, string expected)
    {
        var failure = Assert.Throws<BuildxException>(() => OutputPlan.Check(Request(outputs)));
        Assert.Equal(BuildxFailure.OutputInvalid, failure.Failure);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }

    [Theory]
    [InlineData("", true, "app", "moby name=docker.io/library/app:latest push=true unpack=false")]
    [InlineData("type=image", true, "app", "moby name=docker.io/library/app:latest push=true unpack=false")]
    [InlineData("type=image,unpack=true", true, "app", "moby name=docker.io/library/app:latest push=true unpack=true")]
    [InlineData("type=image,push=true", false, "app", "moby name=docker.io/library/app:latest push=true")]
    [InlineData("type=registry,name=reg:5000/x", false, "", "moby name=reg:5000/x push=true unpack=false")]
    [InlineData("type=image,push=,name=reg:5000/x", false, "", "moby name=reg:5000/x push=true")]
    public void A_daemon_with_a_containerd_store_pushes(string outputs, bool push, string tags, string expected)
        => Assert.Equal(expected, Plan(Request(outputs, tags: tags, push: push), s_containerd));

    [Fact]
    public void An_image_that_is_pushed_and_loaded_is_unpacked_and_made_once()
        => Assert.Equal("moby name=docker.io/library/app:latest push=true", Plan(Request(load: true, tags: "app", push: true), s_containerd));

    [Theory]
    [InlineData("", true, "reg:5000/a;reg:5000/b", "image name=reg:5000/a:latest,reg:5000/b:latest push=true unpack=false")]
    [InlineData("type=registry", false, "a", "image name=docker.io/library/a:latest push=true unpack=false")]
    [InlineData("type=registry;type=oci,dest=/a.tar", false, "a", "oci name=docker.io/library/a:latest | image name=docker.io/library/a:latest push=true unpack=false")]
    [InlineData("/out", true, "a", "local | image name=docker.io/library/a:latest push=true unpack=false")]
    [InlineData("type=image,compression=zstd", true, "a", "image compression=zstd name=docker.io/library/a:latest push=true unpack=false")]
    public void An_engine_of_its_own_pushes_and_what_it_pushed_comes_last(string outputs, bool push, string tags, string expected)
        => Assert.Equal(expected, Plan(Request(outputs, tags: tags, push: push), s_remote));

    [Theory]
    [InlineData("linux/amd64", false, "docker name=docker.io/library/a:latest")]
    [InlineData("linux/amd64", true, "oci name=docker.io/library/a:latest")]
    [InlineData("linux/amd64;linux/arm64", true, "oci name=docker.io/library/a:latest")]
    public void An_engine_of_its_own_sends_what_the_daemon_takes(string platforms, bool loadsIndexes, string expected)
        => Assert.Equal(expected, Plan(Request(load: true, tags: "a", platforms: platforms), s_remote, loadsIndexes: loadsIndexes));

    [Fact]
    public void Several_platforms_come_as_one_archive_that_is_taken_apart_for_a_classic_store()
        => Assert.Equal("oci", Plan(Request(load: true, platforms: "linux/amd64;linux/arm64"), s_remote));

    [Theory]
    [InlineData("linux/amd64", false, "docker")]
    [InlineData("linux/amd64;linux/arm64", true, "oci")]
    public void A_daemon_sends_an_image_to_the_daemon_of_a_context(string platforms, bool loadsIndexes, string expected)
        => Assert.Equal(expected, Plan(Request("type=docker,context=other", platforms: platforms), s_containerd, loadsIndexes: loadsIndexes));

    [Fact]
    public void A_classic_daemon_has_no_archive_for_the_daemon_of_a_context()
        => Assert.Equal(BuildxFailure.EngineUnsupported, Assert.Throws<BuildxException>(() => Plan(Request("type=docker,context=other"), s_classic)).Failure);

    [Fact]
    public void A_folder_is_mirrored_by_this_client_whatever_the_engine_knows()
        => Assert.DoesNotContain("mode", Plan(Request("type=local,dest=/out,mode=delete"), s_containerd), StringComparison.Ordinal);

    [Theory]
    [InlineData(null, "docker")]
    [InlineData("1", "")]
    public void A_builder_can_load_by_default(string? noLoad, string expected)
        => Assert.Equal(expected, Plan(Request(), s_loading, noLoad: noLoad));

    [Theory]
    [InlineData("", true)]
    [InlineData("type=registry", false)]
    [InlineData("type=image,push=true", false)]
    [InlineData("type=image,name=", true)]
    public void A_push_without_a_name_is_refused(string outputs, bool push)
    {
        var failure = Assert.Throws<BuildxException>(() => OutputPlan.Check(Request(outputs, push: push)));
        Assert.Equal(BuildxFailure.TagRequired, failure.Failure);
        Assert.Contains("-Tag", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_push_by_digest_has_no_tags()
        => Assert.Equal(BuildxFailure.OutputInvalid, Assert.Throws<BuildxException>(() => OutputPlan.Check(Request("type=image,push=true,push-by-digest=true", tags: "a"))).Failure);

    [Theory]
    [InlineData("", true)]
    [InlineData("type=registry", false)]
    [InlineData("type=image,push=true,push-by-digest=false", false)]
    public void A_classic_daemon_builds_what_it_pushes_itself(string outputs, bool push)
        => Assert.Equal("moby name=docker.io/library/a:latest", Plan(Request(outputs, push: push, tags: "a"), s_classic));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_daemon_does_not_push_by_digest(bool hasContainerdStore)
    {
        var features = hasContainerdStore ? s_containerd : s_classic;
        var failure = Assert.Throws<BuildxException>(() => Plan(Request("type=image,name=a,push=true,push-by-digest=true"), features));
        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains("push-by-digest", failure.Message, StringComparison.Ordinal);
        Assert.Contains("New-BuildxBuilder", failure.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "linux/amd64;linux/arm64", true)]
    [InlineData("type=image,name=a;type=cacheonly", "linux/amd64;linux/arm64", true)]
    [InlineData("", "linux/amd64", false)]
    [InlineData("/out", "linux/amd64;linux/arm64", false)]
    [InlineData("type=cacheonly", "linux/amd64;linux/arm64", false)]
    public void A_classic_daemon_builds_platforms_one_by_one_only_for_its_own_images(string outputs, string platforms, bool expected)
    {
        var request = Request(outputs, platforms: platforms);
        var planned = ExporterPlan.WithDefault(OutputPlan.Check(request), s_classic, new ClientEnvironment { Variables = new Dictionary<string, string>(), HomeDirectory = "/" });
        Assert.Equal(expected, ClassicParts.AreNeeded(request, planned, s_classic));
        Assert.False(ClassicParts.AreNeeded(request, planned, s_containerd));
    }

    [Theory]
    [InlineData("type=image;/out", false, "/out")]
    [InlineData("type=docker", true, "cannot be pushed")]
    public void Platforms_that_are_built_one_by_one_have_no_other_outputs(string outputs, bool push, string expected)
    {
        var request = Request(outputs, tags: "a", platforms: "linux/amd64;linux/arm64", push: push);
        var failure = Assert.Throws<BuildxException>(() => ClassicParts.AreNeeded(request, OutputPlan.Check(request), s_classic));
        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_platform_has_names_of_its_own_and_the_daemons_own_the_names_that_were_asked_for()
    {
        var request = Request("type=image", tags: "a:1;reg:5000/b", platforms: "linux/arm/v7;linux/amd64");
        var parts = ClassicParts.Divide(request, OutputPlan.Check(request), Platform.Parse("linux/amd64"));
        Assert.Equal(
            ["a:1-linux-arm-v7 reg:5000/b:latest-linux-arm-v7", "a:1-linux-amd64 a:1 reg:5000/b:latest-linux-amd64 reg:5000/b:latest"],
            parts.Select(p => string.Join(' ', p.Tags.Select(t => t.FamiliarName))));
        Assert.Equal(["linux/arm/v7", "linux/amd64"], parts.Select(p => p.Platforms.Single().ToString()));
    }

    [Fact]
    public void A_tag_that_becomes_too_long_is_refused()
    {
        var failure = Assert.Throws<BuildxException>(() => ClassicNames.For([ImageReference.Parse("a:" + new string('x', 120))], Platform.Parse("linux/amd64"), isOwn: false));
        Assert.Equal(BuildxFailure.TagInvalid, failure.Failure);
        Assert.Contains("linux/amd64", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("=")]
    [InlineData("dest=o/x")]
    [InlineData("tpye=local")]
    public void A_text_with_a_key_but_no_type_is_no_folder(string text)
    {
        var failure = Assert.Throws<BuildxException>(() => OutputSpec.Parse(text));
        Assert.Equal(BuildxFailure.OutputInvalid, failure.Failure);
        Assert.Contains($"'{text}'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("type=local,dest=", failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_in_an_output_is_checked_as_a_tag_is()
        => Assert.Equal(BuildxFailure.TagInvalid, Assert.Throws<BuildxException>(() => OutputPlan.Check(Request("type=image,name=UPPER/Case"))).Failure);

    [Theory]
    [InlineData("type=image", "linux/amd64;linux/arm64", true, "one platform")]
    [InlineData("", "linux/amd64;linux/arm64", true, "one platform")]
    [InlineData("type=docker,dest=/a.tar", "", true, "image archives")]
    [InlineData("type=image,compression=zstd", "", true, "compression")]
    [InlineData("type=tar,dest=/a.tar;/out", "", false, "one output")]
    public void What_a_classic_daemon_lacks_is_refused(string outputs, string platforms, bool several, string expected)
    {
        var failure = Assert.Throws<BuildxException>(() => Plan(Request(outputs, platforms: platforms), s_classic, several));
        Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_platforms_go_into_a_folder_of_a_classic_daemon()
        => Assert.Equal("local", Plan(Request("/out", platforms: "linux/amd64;linux/arm64"), s_classic));

    [Fact]
    public void An_archive_for_docker_holds_one_platform()
        => Assert.Equal(
            BuildxFailure.EngineUnsupported,
            Assert.Throws<BuildxException>(() => Plan(Request("type=docker,dest=/a.tar", platforms: "linux/amd64;linux/arm64"), s_containerd)).Failure);
}
