using BuildxPS.Engine.Builds.Caches;

namespace BuildxPS.Engine.Tests.Builds.Caches;

public sealed class CacheAttributesTests
{
    private const string GitHub = "type=gha,scope=s,token=t,url=https://a.example/x,url_v2=http://b.example/,version=2,timeout=2m30s,ghtoken=g,repository=o/r";
    private const string S3 = "type=s3,bucket=b,region=r,name=a;b,prefix=,manifests_prefix=m/,blobs_prefix=b/,endpoint_url=http://127.0.0.1:1,use_path_style=true,touch_refresh=24h"
        + ",upload_parallelism=8,disable_accept_encoding=1,retry_mode=adaptive,retry_max_attempts=3,access_key_id=i,secret_access_key=s,session_token=";

    private const string Azure = "type=azblob,account_url=https://x.blob.example,account_name=x,container=c,name=n,prefix=p/,manifests_prefix=m,blobs_prefix=b,secret_access_key=a2V5";
    private const string Written = ",mode=max,ignore-error=true";
    private const string Layers = Written + ",compression=zstd,compression-level=-1,force-compression=,oci-mediatypes=true,image-manifest=0";

    private static PlannedCaches Check(string text, bool isWritten) => CachePlan.Check(new BuildRequest
    {
        ContextPath = "/src",
        CacheFrom = isWritten ? [] : [CacheSpec.Parse(text)],
        CacheTo = isWritten ? [CacheSpec.Parse(text)] : [],
    });

    [Theory]
    [InlineData("type=registry,ref=a/b,registry.insecure=false", false)]
    [InlineData("type=registry,ref=a/b,registry.insecure=false" + Layers, true)]
    [InlineData("type=local,src=/a,tag=t", false)]
    [InlineData("type=local,dest=/a,tag=t,reset=t" + Layers, true)]
    [InlineData("type=inline", true)]
    [InlineData(GitHub, false)]
    [InlineData(GitHub + Written, true)]
    [InlineData(S3, false)]
    [InlineData(S3 + Written, true)]
    [InlineData(Azure, false)]
    [InlineData(Azure + Written, true)]
    public void Every_attribute_that_an_engine_reads_is_known(string text, bool isWritten) => Assert.Empty(Check(text, isWritten).Warnings);

    [Theory]
    [InlineData("type=registry,ref=a,mode=max", false, "mode")]
    [InlineData("type=inline,mode=max", true, "mode")]
    [InlineData("type=s3,bucket=b,region=r,compression=zstd", true, "compression")]
    [InlineData("type=gha,oci-mediatypes=true", true, "oci-mediatypes")]
    [InlineData("type=azblob,bucket=b", false, "bucket")]
    [InlineData("type=s3,usepathstyle=true", true, "usepathstyle")]
    public void An_attribute_that_no_engine_reads_there_is_said(string text, bool isWritten, string key)
        => Assert.Contains($"'{key}'", Assert.Single(Check(text, isWritten).Warnings), StringComparison.Ordinal);

    [Theory]
    [InlineData("type=wasm", true, "'wasm'", "azblob, gha, inline, local, registry, s3")]
    [InlineData("type=wasm", false, "'wasm'", "azblob, gha, local, registry, s3")]
    [InlineData("type=registry,ref=a,registry.insecure=maybe", false, "registry.insecure 'maybe'", "registry.insecure=true")]
    [InlineData("type=registry,ref=", false, "ref ''", "ref=")]
    [InlineData("type=registry,ref=a,mode=all", true, "mode 'all'", "mode=max")]
    [InlineData("type=registry,ref=a,ignore-error=", true, "ignore-error ''", "ignore-error=true")]
    [InlineData("type=registry,ref=a,compression=lz4", true, "compression 'lz4'", "compression=zstd")]
    [InlineData("type=registry,ref=a,compression-level=high", true, "compression-level 'high'", "compression-level=3")]
    [InlineData("type=registry,ref=a,force-compression=yes", true, "force-compression 'yes'", "force-compression=true")]
    [InlineData("type=registry,ref=a,image-manifest=true,oci-mediatypes=false", true, "image manifest without OCI", "oci-mediatypes=false")]
    [InlineData("type=gha,version=3", false, "version '3'", "version=2")]
    [InlineData("type=gha,timeout=10", false, "timeout '10'", "timeout=10m")]
    [InlineData("type=gha,timeout=-1s", true, "timeout '-1s'", "timeout=10m")]
    [InlineData("type=gha,url=cache.example", false, "url 'cache.example'", "url=https://")]
    [InlineData("type=gha,url_v2=ftp://x", false, "url_v2 'ftp://x'", "url_v2=https://")]
    [InlineData("type=gha,repository=name", true, "repository 'name'", "repository=owner/name")]
    [InlineData("type=gha,repository=a/b/c", true, "repository 'a/b/c'", "repository=owner/name")]
    [InlineData("type=gha,scope=", true, "scope ''", "scope=name")]
    [InlineData("type=gha,token=", true, "token ''", "token=")]
    [InlineData("type=s3,bucket=", false, "bucket ''", "bucket=")]
    [InlineData("type=s3,region=", false, "region ''", "region=")]
    [InlineData("type=s3,name=a;;b", true, "name 'a;;b'", "name=main;fallback")]
    [InlineData("type=s3,endpoint_url=127.0.0.1:9000", true, "endpoint_url '127.0.0.1:9000'", "endpoint_url=https://")]
    [InlineData("type=s3,use_path_style=on", true, "use_path_style 'on'", "use_path_style=true")]
    [InlineData("type=s3,touch_refresh=1d", true, "touch_refresh '1d'", "touch_refresh=10m")]
    [InlineData("type=s3,upload_parallelism=0", true, "upload_parallelism '0'", "upload_parallelism=4")]
    [InlineData("type=s3,upload_parallelism=+2", true, "upload_parallelism '+2'", "upload_parallelism=4")]
    [InlineData("type=s3,disable_accept_encoding=", true, "disable_accept_encoding ''", "disable_accept_encoding=true")]
    [InlineData("type=s3,retry_mode=fast", true, "retry_mode 'fast'", "retry_mode=adaptive")]
    [InlineData("type=s3,retry_max_attempts=many", true, "retry_max_attempts 'many'", "retry_max_attempts=4")]
    [InlineData("type=azblob,account_url=x.blob.example", false, "account_url 'x.blob.example'", "account_url=https://")]
    [InlineData("type=azblob,container=", false, "container ''", "container=")]
    public void A_wrong_value_is_named_and_a_right_one_shown(string text, bool isWritten, string part, string right)
    {
        var failure = Assert.Throws<BuildxException>(() => Check(text, isWritten));
        Assert.Equal(BuildxFailure.CacheInvalid, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.Contains(right, failure.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_secret_is_not_shown()
    {
        var failure = Assert.Throws<BuildxException>(() => Check("type=azblob,secret_access_key=s3cr3t!", isWritten: true));
        Assert.Contains("secret_access_key '***'", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", failure.ToString(), StringComparison.Ordinal);
    }
}
