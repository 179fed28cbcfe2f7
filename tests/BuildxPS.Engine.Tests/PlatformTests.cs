namespace BuildxPS.Engine.Tests;

public sealed class PlatformTests
{
    [Theory]
    [InlineData("linux/amd64", "linux/amd64")]
    [InlineData("Linux/AMD64", "linux/amd64")]
    [InlineData("arm64", "linux/arm64")]
    [InlineData("aarch64", "linux/arm64")]
    [InlineData("linux/arm64/v8", "linux/arm64")]
    [InlineData("linux/arm", "linux/arm/v7")]
    [InlineData("armhf", "linux/arm/v7")]
    [InlineData("linux/arm/6", "linux/arm/v6")]
    [InlineData("linux/amd64/v2", "linux/amd64/v2")]
    [InlineData("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64")]
    [InlineData("macos/arm64", "darwin/arm64")]
    public void Parse_gives_the_normal_form(string text, string expected)
        => Assert.Equal(expected, Platform.Parse(text).ToString());

    [Theory]
    [InlineData("", "empty")]
    [InlineData("linux/", "empty")]
    [InlineData("linux/amd64/v1/x", "more than three")]
    [InlineData("lunix/amd64", "'lunix' is not a known operating system")]
    [InlineData("linux/amd46", "'amd46' is not a known architecture")]
    [InlineData("penguin", "neither")]
    [InlineData("linux/am d64", "'am d64'")]
    public void Parse_names_the_part_that_is_wrong(string text, string expected)
    {
        var error = Assert.Throws<BuildxException>(() => Platform.Parse(text));
        Assert.Equal(BuildxFailure.PlatformInvalid, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
