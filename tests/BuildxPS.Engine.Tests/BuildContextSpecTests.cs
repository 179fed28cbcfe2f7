namespace BuildxPS.Engine.Tests;

public sealed class BuildContextSpecTests
{
    private const string Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("x", "../dir", BuildContextKind.Folder, "../dir")]
    [InlineData("x", "dir:with@odd.names", BuildContextKind.Folder, "dir:with@odd.names")]
    [InlineData("x", @"C:\dir", BuildContextKind.Folder, @"C:\dir")]
    [InlineData("x", "docker-image://alpine:3", BuildContextKind.Image, "docker-image://alpine:3")]
    [InlineData("x", "https://example.org/a.tar", BuildContextKind.Address, "https://example.org/a.tar")]
    [InlineData("x", "HTTP://example.org/a.git", BuildContextKind.Address, "HTTP://example.org/a.git")]
    [InlineData("x", "ssh://git@example.org/a", BuildContextKind.Address, "ssh://git@example.org/a")]
    [InlineData("x", "git@example.org:a/b.git#main", BuildContextKind.Address, "git@example.org:a/b.git#main")]
    [InlineData("x", "github.com/a/b", BuildContextKind.Address, "github.com/a/b")]
    [InlineData("x", "./github.com/a/b", BuildContextKind.Folder, "./github.com/a/b")]
    public void Kinds_are_told_apart_as_buildx_does(string name, string value, BuildContextKind kind, string location)
    {
        var context = BuildContextSpec.Parse(name, value);
        Assert.Equal((kind, location, $"{name}={value}"), (context.Kind, context.Location, context.ToString()));
    }

    [Theory]
    [InlineData("oci-layout://dir", "dir", null, null)]
    [InlineData("oci-layout:///a/dir:v1", "/a/dir", "v1", null)]
    [InlineData("oci-layout:///a:b/dir", "/a:b/dir", null, null)]
    [InlineData("oci-layout://dir@" + Digest, "dir", null, Digest)]
    [InlineData("oci-layout://dir:v1@" + Digest, "dir", "v1", Digest)]
    [InlineData("oci-layout://di@r:v1", "di@r", "v1", null)]
    [InlineData(@"oci-layout://C:\dir", @"C:\dir", null, null)]
    [InlineData(@"oci-layout://C:/dir:v1", "C:/dir", "v1", null)]
    public void A_layout_is_taken_apart(string value, string location, string? tag, string? digest)
    {
        var context = BuildContextSpec.Parse("x", value);
        Assert.Equal((BuildContextKind.Layout, location, tag, digest), (context.Kind, context.Location, context.Tag, context.Digest));
        Assert.Equal("x=" + value, context.ToString());
    }

    [Theory]
    [InlineData("alpine", "alpine")]
    [InlineData("docker.io/library/alpine:latest", "alpine")]
    [InlineData("alpine:3.20", "alpine:3.20")]
    [InlineData("reg:5000/a/b", "reg:5000/a/b")]
    [InlineData("a@" + Digest, "a@" + Digest)]
    public void Names_are_those_that_frontends_look_up(string name, string expected)
        => Assert.Equal(expected, BuildContextSpec.Parse(name, "dir").Name);

    [Theory]
    [InlineData("Upper", "dir", BuildxFailure.ArgumentInvalid, "lower case")]
    [InlineData("", "dir", BuildxFailure.ArgumentInvalid, "''")]
    [InlineData("x", "", BuildxFailure.ArgumentInvalid, "'x'")]
    [InlineData("x", "oci-layout://", BuildxFailure.ArgumentInvalid, "no folder")]
    [InlineData("x", "oci-layout://:v1", BuildxFailure.ArgumentInvalid, "no folder")]
    [InlineData("x", "s3://bucket", BuildxFailure.ArgumentInvalid, "s3://bucket")]
    [InlineData("x", "target:base", BuildxFailure.NotImplemented, "not built yet")]
    public void What_is_wrong_is_named(string name, string value, BuildxFailure expected, string part)
    {
        var failure = Assert.Throws<BuildxException>(() => BuildContextSpec.Parse(name, value));
        Assert.Equal(expected, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }
}
