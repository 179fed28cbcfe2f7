using BuildxPS.Engine.Builds.Caches;

namespace BuildxPS.Engine.Tests.Builds.Caches;

public sealed class CachePlanTests
{
    private static BuildRequest Request(string from = "", string to = "", string inline = "") => new()
    {
        ContextPath = "/src",
        CacheFrom = [.. from.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(CacheSpec.Parse)],
        CacheTo = [.. to.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(CacheSpec.Parse)],
        BuildArguments = inline.Length == 0 ? new Dictionary<string, string>() : new() { ["BUILDKIT_INLINE_CACHE"] = inline },
    };

    [Theory]
    [InlineData("type=inline", "", "an inline cache is read from the image")]
    [InlineData("type=local", "", "no src")]
    [InlineData("type=local,src=", "", "no src")]
    [InlineData("type=local,src=dir", "", "absolute")]
    [InlineData("type=local,src=/a,tag=", "", "tag")]
    [InlineData("type=local,src=/a,digest=sha256:12", "", "'sha256:12'")]
    [InlineData("type=registry", "", "no ref")]
    [InlineData("type=registry,ref=UPPER", "", "lower case")]
    [InlineData("type=wasm", "", "'wasm'")]
    [InlineData("", "type=local", "no dest")]
    [InlineData("", "type=local,dest=dir", "absolute")]
    [InlineData("", "type=local,dest=/a,mode=all", "'all'")]
    [InlineData("", "type=local,dest=/a,reset=maybe", "reset=maybe")]
    [InlineData("", "type=local,dest=/a;type=local,dest=/a/,mode=max", "'/a'")]
    [InlineData("", "type=registry,ref=a;type=registry,ref=a,mode=max", "'a'")]
    public void A_cache_that_does_not_fit_is_refused_naming_the_part(string from, string to, string expected)
    {
        var failure = Assert.Throws<BuildxException>(() => CachePlan.Check(Request(from, to)));
        Assert.Equal(BuildxFailure.CacheInvalid, failure.Failure);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }

    [Theory]
    [InlineData("", "1", "type=inline")]
    [InlineData("type=inline", "true", "type=inline")]
    [InlineData("a", "true", "a type=inline")]
    [InlineData("a;a", "0", "a")]
    public void The_build_argument_for_an_inline_cache_is_followed(string to, string inline, string expected)
        => Assert.Equal(expected, string.Join(' ', CachePlan.Check(Request("", to, inline)).To));

    [Fact]
    public void An_unknown_attribute_is_said()
        => Assert.Contains("'compresion'", Assert.Single(CachePlan.Check(Request("", "type=local,dest=/a,compresion=zstd,compression=zstd")).Warnings), StringComparison.Ordinal);
}
