using CsCheck;

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
        => Assert.Equal(["a", "b:1", "type=registry,\"ref=\"\"c\"\"\""], CacheSpec.ParseAll("a, b:1,\"\"\"c\"\"\"").Select(c => c.ToString()));

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

    private static readonly Gen<CacheSpec> s_caches =
        from type in Gen.OneOf("registry", "local", "inline", "gha", "s3", "azblob")
        from pairs in Gen.Select(
            Gen.OneOf("ref", "src", "dest", "tag", "digest", "mode", "token", "secret_access_key", "endpoint_url", "name", "registry.insecure"),
            Gen.OneOf(Gen.String, Gen.String[Gen.Char["ab,=\"' ;:/?&\n\té%"], 0, 12])).Array[0, 6]
        select new CacheSpec { Type = type, Attributes = pairs.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2, StringComparer.Ordinal) };

    [Fact]
    public void What_is_printed_is_read_as_the_same()
        => s_caches.Sample(cache =>
        {
            var read = CacheSpec.Parse(cache.ToString());
            return read.Type == cache.Type && read.Attributes.OrderBy(a => a.Key).SequenceEqual(cache.Attributes.OrderBy(a => a.Key)) && read.ToString() == cache.ToString();
        });

    [Fact]
    public void No_text_makes_the_reader_fail_otherwise()
        => Gen.String[Gen.Char["at,=\"x ;\n\\é"], 0, 24].Sample(text =>
        {
            try
            {
                _ = CacheSpec.ParseAll(text).Select(c => c.SafeText).ToList();
            }
            catch (BuildxException e)
            {
                Assert.Equal(BuildxFailure.CacheInvalid, e.Failure);
                Assert.Contains("type=local,dest=folder", e.Advice, StringComparison.Ordinal);
            }
        });

    [Theory]
    [InlineData("type=gha,token=s3cr3t,url=https://x", "type=gha,token=***,url=https://x")]
    [InlineData("type=gha,ghtoken=s3cr3t", "type=gha,ghtoken=***")]
    [InlineData("type=s3,access_key_id=s3cr3t,secret_access_key=s3cr3t,session_token=s3cr3t,region=r", "type=s3,access_key_id=***,region=r,secret_access_key=***,session_token=***")]
    [InlineData("type=s3,secretAccessKey=s3cr3t", "type=s3,secretaccesskey=***")]
    [InlineData("type=azblob,account_url=https://a.example/?sv=1&sig=s3cr3t", "type=azblob,account_url=https://a.example/?***")]
    [InlineData("type=s3,endpoint_url=https://u:s3cr3t@host:9000/x", "type=s3,endpoint_url=https://***@host:9000/x")]
    [InlineData("type=s3,endpoint_url=https://u:s3cr3t@host", "type=s3,endpoint_url=https://***@host")]
    [InlineData("type=registry,ref=a/b:c", "a/b:c")]
    [InlineData("type=local,\"dest=a,b\"", "type=local,\"dest=a,b\"")]
    [InlineData("type=s3,session_token=", "type=s3,session_token=")]
    public void What_is_shown_has_no_secret(string text, string expected)
    {
        var cache = CacheSpec.Parse(text);
        Assert.Equal(expected, cache.SafeText);
        Assert.Equal(text.Contains("s3cr3t", StringComparison.Ordinal), cache.ToString().Contains("s3cr3t", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("type=s3,secret_access_key=s3cr3t,bucket=b,region", "'region'")]
    [InlineData("type=s3,secret_access_key=a,s3cr3t", "'***'")]
    [InlineData("type=s3,\"secret_access_key=s3cr3t,region=x", "quotes")]
    [InlineData("type=s3,token\"=s3cr3t", "quotes")]
    [InlineData("type=s3,account_url=https://x?\"s3cr3t", "quotes")]
    [InlineData("token=s3cr3t,url=https://x", "no type")]
    public void No_message_has_a_secret(string text, string expected)
    {
        var failure = Assert.Throws<BuildxException>(() => CacheSpec.ParseAll(text));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", failure.ToString(), StringComparison.Ordinal);
    }
}
