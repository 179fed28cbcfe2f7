namespace BuildxPS.Engine.Tests;

public sealed class CacheSpecTests
{
    [Theory]
    [InlineData("type=local,src=dir", "type=local,src=dir")]
    [InlineData("type=registry,ref=a/b:c", "a/b:c")]
    [InlineData("a/b:c", "a/b:c")]
    [InlineData("TYPE=Registry,Ref=a/b:c,mode=max", "type=registry,mode=max,ref=a/b:c")]
    [InlineData("type=local,\"dest=a,b\",tag=x", "type=local,\"dest=a,b\",tag=x")]
    [InlineData("type=inline", "type=inline")]
    [InlineData("type=local,dest=a=b", "type=local,dest=a=b")]
    public void Text_is_read_and_printed_as_buildx_does(string text, string expected)
    {
        Assert.Equal(expected, CacheSpec.Parse(text).ToString());
        Assert.Equal(expected, CacheSpec.Parse(expected).ToString());
    }

    [Fact]
    public void References_in_a_row_are_caches_of_their_own()
        => Assert.Equal(["a", "b:1", "\"c\""], CacheSpec.ParseAll("a, b:1,\"\"\"c\"\"\"").Select(c => c.ToString()));

    [Fact]
    public void A_hashtable_may_use_whole_words()
        => Assert.Equal("type=local,dest=out,src=in", CacheSpec.From([new("Type", "local"), new("Source", "in"), new("Destination", "out")], "x").ToString());

    [Theory]
    [InlineData("", "empty")]
    [InlineData(" ", "empty")]
    [InlineData("a,,b", "empty")]
    [InlineData("src=dir", "no type")]
    [InlineData("type=", "no type")]
    [InlineData("type=local,dir", "'dir'")]
    [InlineData("type=local,=x", "'=x'")]
    [InlineData("type=local,\"src=x", "quotes")]
    public void What_is_wrong_is_named(string text, string expected)
    {
        var failure = Assert.Throws<BuildxException>(() => CacheSpec.ParseAll(text));
        Assert.Equal(BuildxFailure.CacheInvalid, failure.Failure);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.Advice);
    }

    [Fact]
    public void One_cache_is_one_cache()
        => Assert.Contains("several", Assert.Throws<BuildxException>(() => CacheSpec.Parse("a,b")).Message, StringComparison.Ordinal);
}
