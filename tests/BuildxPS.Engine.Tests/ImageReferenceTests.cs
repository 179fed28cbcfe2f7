namespace BuildxPS.Engine.Tests;

public sealed class ImageReferenceTests
{
    [Theory]
    [InlineData("alpine", "docker.io/library/alpine:latest", "alpine:latest")]
    [InlineData("me/app:1.0", "docker.io/me/app:1.0", "me/app:1.0")]
    [InlineData("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest")]
    [InlineData("localhost/app", "localhost/app:latest", "localhost/app:latest")]
    [InlineData("[::1]:5000/a/b:x", "[::1]:5000/a/b:x", "[::1]:5000/a/b:x")]
    [InlineData("index.docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest")]
    public void Parse_fills_in_what_is_left_out(string text, string full, string familiar)
    {
        var reference = ImageReference.Parse(text);
        Assert.Equal(full, reference.ToString());
        Assert.Equal(familiar, reference.FamiliarName);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("App:1", "lower case")]
    [InlineData("app:-x", "the tag '-x'")]
    [InlineData("app:", "the tag ''")]
    [InlineData("reg!stry.local/app", "'reg!stry.local'")]
    [InlineData("app@sha256:12", "the digest 'sha256:12'")]
    [InlineData("a//b", "'a//b'")]
    public void Parse_names_the_part_that_is_wrong(string text, string expected)
    {
        var error = Assert.Throws<BuildxException>(() => ImageReference.Parse(text));
        Assert.Equal(BuildxFailure.TagInvalid, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
