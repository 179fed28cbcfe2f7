using BuildxPS.Engine.Builds;
using BuildxPS.Engine.Configuration;
using BuildxPS.Engine.Drivers;
using BuildxPS.Engine.Engines;

namespace BuildxPS.Engine.Tests.Builds;

public sealed class FrontendAttributesTests
{
    private static readonly DriverFeatures s_containerd = new() { IsDockerDaemon = true, HasContainerdStore = true };

    private static FrontendCall Create(
        BuildRequest? request = null,
        DriverFeatures? features = null,
        bool attestations = true,
        Dictionary<string, string>? variables = null,
        Dictionary<string, string>? proxies = null)
        => FrontendAttributes.Create(
            request ?? new BuildRequest { ContextPath = "/src" },
            "Dockerfile",
            request?.Platforms ?? [],
            new EngineDescription { Capabilities = attestations ? new HashSet<string> { "exporter.image.attestations" } : new HashSet<string>() },
            features ?? s_containerd,
            new ClientEnvironment { Variables = variables ?? [], HomeDirectory = "/" },
            proxies ?? []);

    private static string Text(FrontendCall call) => string.Join(' ', call.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}"));

    [Fact]
    public void A_plain_build_on_a_daemon_sends_what_buildx_sends()
        => Assert.Equal("attest:provenance=mode=min,inline-only=true filename=Dockerfile image-resolve-mode=local", Text(Create()));

    [Fact]
    public void Everything_asked_for_is_sent()
    {
        var call = Create(new BuildRequest
        {
            ContextPath = "/src",
            Target = "final",
            NoCache = true,
            Pull = true,
            Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm/v7")],
            BuildArguments = new Dictionary<string, string> { ["A"] = "1", ["B"] = "" },
            Labels = new Dictionary<string, string> { ["l"] = "x=y" },
        });
        Assert.Equal(
            "attest:provenance=mode=min,inline-only=true build-arg:A=1 build-arg:B= filename=Dockerfile image-resolve-mode=pull label:l=x=y no-cache= platform=linux/amd64,linux/arm/v7 target=final",
            Text(call));
        Assert.Equal("dockerfile.v0", call.Frontend);
    }

    [Theory]
    [InlineData(false, true, true, null, false)]
    [InlineData(true, true, true, null, true)]
    [InlineData(true, true, false, null, false)]
    [InlineData(true, false, false, null, true)]
    [InlineData(true, true, true, "true", false)]
    [InlineData(true, true, true, "0", true)]
    public void Provenance_is_the_default_where_it_can_be_stored(bool capable, bool daemon, bool containerd, string? off, bool expected)
    {
        var call = Create(
            features: new DriverFeatures { IsDockerDaemon = daemon, HasContainerdStore = containerd },
            attestations: capable,
            variables: off is null ? [] : new() { ["BUILDX_NO_DEFAULT_ATTESTATIONS"] = off });
        Assert.Equal(expected, call.Attributes.ContainsKey("attest:provenance"));
    }

    [Fact]
    public void An_engine_that_is_no_daemon_resolves_images_as_it_likes()
        => Assert.DoesNotContain("image-resolve-mode", Create(features: new DriverFeatures { HasContainerdStore = true }).Attributes.Keys);

    [Fact]
    public void The_date_for_reproducible_builds_comes_from_the_environment_unless_given()
    {
        var variables = new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = "7" };
        Assert.Equal("7", Create(variables: variables).Attributes["build-arg:SOURCE_DATE_EPOCH"]);
        var given = new BuildRequest { ContextPath = "/src", BuildArguments = new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = "8" } };
        Assert.Equal("8", Create(given, variables: variables).Attributes["build-arg:SOURCE_DATE_EPOCH"]);
    }

    [Fact]
    public void Proxies_become_build_arguments_unless_given_in_any_case()
    {
        var proxies = new Dictionary<string, string> { ["HTTP_PROXY"] = "http://p", ["NO_PROXY"] = "x" };
        var given = new BuildRequest { ContextPath = "/src", BuildArguments = new Dictionary<string, string> { ["http_proxy"] = "mine" } };
        var attributes = Create(given, proxies: proxies).Attributes;
        Assert.False(attributes.ContainsKey("build-arg:HTTP_PROXY"));
        Assert.Equal("mine", attributes["build-arg:http_proxy"]);
        Assert.Equal("x", attributes["build-arg:NO_PROXY"]);
    }

    [Fact]
    public void An_index_can_be_asked_for_with_one_platform()
    {
        var request = new BuildRequest { ContextPath = "/src", BuildArguments = new Dictionary<string, string> { ["BUILDKIT_MULTI_PLATFORM"] = "1" } };
        Assert.Equal("true", Create(request).Attributes["multi-platform"]);
    }

    [Fact]
    public void A_frontend_image_can_be_named()
    {
        var request = new BuildRequest { ContextPath = "/src", BuildArguments = new Dictionary<string, string> { ["BUILDKIT_SYNTAX"] = "docker/dockerfile:1 extra" } };
        var call = Create(request);
        Assert.Equal(("gateway.v0", "docker/dockerfile:1", "docker/dockerfile:1 extra"), (call.Frontend, call.Attributes["source"], call.Attributes["cmdline"]));
    }
}
