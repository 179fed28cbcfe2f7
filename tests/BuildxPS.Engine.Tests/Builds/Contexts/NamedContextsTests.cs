using BuildxPS.Engine.Builds.Contexts;
using BuildxPS.Engine.Engines;
using BuildxPS.Engine.Tests.Sessions.Content;
using BuildxPS.Engine.Tests.Sessions.Files;

namespace BuildxPS.Engine.Tests.Builds.Contexts;

public sealed class NamedContextsTests : IDisposable
{
    private static readonly string s_one = FakeContentEngine.Digest([1]);
    private static readonly string s_two = FakeContentEngine.Digest([2]);

    private readonly TempFolder _folder = new();

    public NamedContextsTests()
    {
        Directory.CreateDirectory(_folder["layout/blobs/sha256"]);
        File.WriteAllBytes(_folder["layout/blobs/" + s_one.Replace(':', '/')], [1]);
        File.WriteAllBytes(_folder["layout/blobs/" + s_two.Replace(':', '/')], [2]);
    }

    public void Dispose() => _folder.Dispose();

    private PlannedContext Find(string value) => Assert.Single(Plan(value));

    private IReadOnlyList<PlannedContext> Plan(params string[] values) => NamedContexts.Find(new BuildRequest
    {
        ContextPath = "/src",
        NamedContexts = [.. values.Select(v => BuildContextSpec.Parse("x", v.Replace("DIR", _folder["layout"], StringComparison.Ordinal)))],
    });

    private void Index(params string[] entries)
        => File.WriteAllText(_folder["layout/index.json"], $$"""{"schemaVersion":2,"manifests":[{{string.Join(',', entries)}}]}""");

    private static string Entry(string digest, string? tag = null, string? name = null)
    {
        string?[] annotations =
        [
            tag is null ? null : $"\"org.opencontainers.image.ref.name\":\"{tag}\"", name is null ? null : $"\"io.containerd.image.name\":\"{name}\"",
        ];
        return $$"""{"mediaType":"m","digest":"{{digest}}","size":1,"annotations":{ {{string.Join(',', annotations.OfType<string>())}} } }""";
    }

    [Theory]
    [InlineData("oci-layout://DIR", 1)]
    [InlineData("oci-layout://DIR:latest", 1)]
    [InlineData("oci-layout://DIR:v2", 2)]
    public void A_tag_is_looked_up(string value, int expected)
    {
        Index(Entry(s_two, "v2"), Entry(s_one, "latest"));
        Assert.Equal(expected == 1 ? s_one : s_two, Find(value).Digest!.ToString());
    }

    [Fact]
    public void A_whole_name_wins_over_a_tag()
    {
        Index(Entry(s_one, "v1"), Entry(s_two, "x", "v1"));
        Assert.Equal(s_two, Find("oci-layout://DIR:v1").Digest!.ToString());
    }

    [Fact]
    public void A_digest_needs_no_index()
        => Assert.Equal(s_two, Find("oci-layout://DIR:v1@" + s_two).Digest!.ToString());

    [Fact]
    public void The_only_image_needs_no_name_and_another_name_is_said()
    {
        Index(Entry(s_one, "v1"));
        Assert.Null(Find("oci-layout://DIR").Warning);
        Assert.Equal(s_one, Find("oci-layout://DIR:v2").Digest!.ToString());
        Assert.Contains("'v1'", Find("oci-layout://DIR:v2").Warning, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_there_is_named_where_a_tag_is_not()
    {
        Index(Entry(s_one, "v1"), Entry(s_two, name: "docker.io/library/a:b"));

        var failure = Assert.Throws<BuildxException>(() => Find("oci-layout://DIR:v3"));

        Assert.Equal(BuildxFailure.ImageNotFound, failure.Failure);
        Assert.Contains("'v3'", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("it has v1, docker.io/library/a:b.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_blob_that_is_not_there_is_named()
    {
        var digest = FakeContentEngine.Digest([3]);
        Index(Entry(digest, "v1"));

        var failure = Assert.Throws<BuildxException>(() => Find("oci-layout://DIR:v1"));

        Assert.Equal(BuildxFailure.ImageNotFound, failure.Failure);
        Assert.Contains(digest, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("oci-layout://DIR", null, BuildxFailure.LayoutNotFound, "index.json")]
    [InlineData("oci-layout://DIR/none", null, BuildxFailure.LayoutNotFound, "does not exist")]
    [InlineData("oci-layout://DIR/index.json", "{}", BuildxFailure.LayoutNotFound, "is a file")]
    [InlineData("oci-layout://DIR", "{}", BuildxFailure.ImageNotFound, "it has none")]
    [InlineData("oci-layout://DIR", "x", BuildxFailure.LayoutInvalid, "not JSON")]
    [InlineData("oci-layout://DIR", "{\"manifests\":[{\"digest\":\"sha256:../../x\"}]}", BuildxFailure.LayoutInvalid, "no valid digest")]
    [InlineData("oci-layout://DIR", "{\"manifests\":[{\"digest\":7}]}", BuildxFailure.LayoutInvalid, "no valid digest")]
    [InlineData("oci-layout://relative", null, BuildxFailure.ArgumentInvalid, "absolute")]
    [InlineData("oci-layout://DIR@md5:0123456789abcdef0123456789abcdef", null, BuildxFailure.ArgumentInvalid, "md5")]
    [InlineData("DIR/none", null, BuildxFailure.BuildContextNotFound, "does not exist")]
    [InlineData("DIR/index.json", "{}", BuildxFailure.BuildContextNotFound, "is a file")]
    [InlineData("relative", null, BuildxFailure.ArgumentInvalid, "absolute")]
    [InlineData("docker-image://UPPER", null, BuildxFailure.ArgumentInvalid, "lower case")]
    public void What_is_not_there_is_refused(string value, string? index, BuildxFailure expected, string part)
    {
        if (index is not null)
        {
            File.WriteAllText(_folder["layout/index.json"], index);
        }

        var failure = Assert.Throws<BuildxException>(() => Find(value));
        Assert.Equal(expected, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }

    [Fact]
    public void An_image_may_be_the_empty_one_and_the_last_of_a_name_wins()
        => Assert.Equal("docker-image://scratch", Assert.Single(Plan("docker-image://alpine", "docker-image://scratch")).Spec.Location);

    [Fact]
    public void An_old_engine_takes_none_unless_a_frontend_image_does()
    {
        var request = new BuildRequest { ContextPath = "/src" };
        var syntax = request with { BuildArguments = new Dictionary<string, string> { ["BUILDKIT_SYNTAX"] = "docker/dockerfile:1" } };
        var old = new EngineDescription { Version = "v0.8" };
        var image = Plan("docker-image://alpine");
        var layout = Plan("oci-layout://DIR@" + s_one);

        NamedContexts.CheckEngine([], request, old);
        NamedContexts.CheckEngine(image, syntax, old);
        NamedContexts.CheckEngine(layout, request, new EngineDescription { Capabilities = new HashSet<string> { "source.ocilayout", "source.local.differ" } });
        foreach (var check in new Action[] { () => NamedContexts.CheckEngine(image, request, old), () => NamedContexts.CheckEngine(layout, syntax, old) })
        {
            var failure = Assert.Throws<BuildxException>(check);
            Assert.Equal(BuildxFailure.EngineUnsupported, failure.Failure);
            Assert.Contains("v0.8", failure.Message, StringComparison.Ordinal);
        }
    }
}
