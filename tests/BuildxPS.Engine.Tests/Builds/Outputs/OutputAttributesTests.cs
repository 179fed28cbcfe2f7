using BuildxPS.Engine.Builds.Outputs;

namespace BuildxPS.Engine.Tests.Builds.Outputs;

public sealed class OutputAttributesTests
{
    [Theory]
    [InlineData("type=image,compression=zstd,compression-level=22,force-compression=,oci-mediatypes=true,oci-artifact=1,attestation-inline=f")]
    [InlineData("type=image,name=a,push=,registry.insecure=TRUE,unpack=false,store=0,name-canonical=true,dangling-name-prefix=x,danging-name-empty-only=t")]
    [InlineData("type=oci,dest=/a,prefer-nondist-layers=false,rewrite-timestamp=true,source-date-epoch=0,compression=uncompressed,compression-level=99")]
    [InlineData("type=oci,dest=/a,annotation.a=b,annotation-index[linux/amd64].c=d,annotation[linux/amd64].e=f")]
    [InlineData("type=docker,dest=/a,tar=false")]
    [InlineData("type=docker,context=c")]
    [InlineData("type=local,dest=/a,platform-split=false,attestation-prefix=x,source-date-epoch=-5,mode=delete")]
    [InlineData("type=tar,dest=-,platform-split=T,source-date-epoch=")]
    [InlineData("type=image,compression=estargz,compression-level=9,oci-mediatypes=true")]
    public void What_exporters_know_is_taken_without_a_word(string text)
    {
        var spec = OutputSpec.Parse(text);
        OutputPlan.Check(Request(spec));
        Assert.Empty(OutputAttributes.Warnings(spec));
    }

    [Theory]
    [InlineData("type=image,compression=lz4", "compression=lz4", "uncompressed, gzip, estargz or zstd")]
    [InlineData("type=image,compression=", "compression=,", "gzip")]
    [InlineData("type=image,compression-level=high", "compression-level=high", "compression-level=3")]
    [InlineData("type=image,compression-level=10", "from 0 to 9", "compression-level=9")]
    [InlineData("type=image,compression=zstd,compression-level=23", "from 0 to 22", "compression-level=22")]
    [InlineData("type=image,compression=estargz,compression-level=-1", "from 0 to 9", "compression-level=9")]
    [InlineData("type=oci,dest=/a,force-compression=yes", "force-compression=yes", "force-compression=true or false")]
    [InlineData("type=oci,dest=/a,oci-mediatypes=", "oci-mediatypes=,", "oci-mediatypes=true or false")]
    [InlineData("type=oci,dest=/a,oci-artifact=2", "oci-artifact=2", "true or false")]
    [InlineData("type=docker,dest=/a,rewrite-timestamp=on", "rewrite-timestamp=on", "true or false")]
    [InlineData("type=docker,dest=/a,tar=flase", "tar=flase", "true or false")]
    [InlineData("type=image,unpack=ja", "unpack=ja", "true or false")]
    [InlineData("type=image,store=x", "store=x", "true or false")]
    [InlineData("type=image,name-canonical=x", "name-canonical=x", "true or false")]
    [InlineData("type=image,push-by-digest=x", "push-by-digest=x", "true or false")]
    [InlineData("type=image,registry.insecure=x", "registry.insecure=x", "true or false")]
    [InlineData("type=image,attestation-inline=x", "attestation-inline=x", "true or false")]
    [InlineData("type=image,prefer-nondist-layers=x", "prefer-nondist-layers=x", "true or false")]
    [InlineData("type=image,danging-name-empty-only=x", "danging-name-empty-only=x", "true or false")]
    [InlineData("type=image,source-date-epoch=today", "source-date-epoch=today", "1700000000")]
    [InlineData("type=local,dest=/a,platform-split=maybe", "platform-split=maybe", "true or false")]
    [InlineData("type=local,dest=/a,mode=sync", "mode=sync", "copy or delete")]
    [InlineData("type=tar,dest=/a,mode=copy", "'mode'", "platform-split")]
    [InlineData("type=tar,dest=/a,rewrite-timestamp=true", "'rewrite-timestamp'", "source-date-epoch")]
    [InlineData("type=image,compression=estargz,oci-mediatypes=false", "compression=estargz", "oci-mediatypes=true")]
    [InlineData("type=image,oci-artifact=true,oci-mediatypes=false", "oci-artifact=true", "oci-mediatypes=true")]
    [InlineData("type=oci,dest=/a,context=c", "names a context", "type=docker,context=NAME")]
    public void A_value_that_cannot_be_is_refused_naming_it_and_showing_a_right_one(string text, string part, string right)
    {
        var failure = Assert.Throws<BuildxException>(() => OutputPlan.Check(Request(OutputSpec.Parse(text))));
        Assert.Equal(BuildxFailure.OutputInvalid, failure.Failure);
        Assert.Contains(part, failure.Message, StringComparison.Ordinal);
        Assert.Contains(right, failure.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("type=image,compresion=zstd", "'compresion'", "Did you mean compression?")]
    [InlineData("type=oci,dest=/a,oci-mediatype=true", "'oci-mediatype'", "Did you mean oci-mediatypes?")]
    [InlineData("type=local,dest=/a,bogus=1", "'bogus'", "may have no effect")]
    [InlineData("type=oci,dest=/a,unpack=true", "'unpack'", "'oci'")]
    [InlineData("type=image,platform-split=false", "'platform-split'", "'image'")]
    [InlineData("type=local,dest=/a,annotation.x=y", "'annotation.x'", "'local'")]
    public void What_an_exporter_is_not_known_to_have_is_sent_and_warned_of(string text, string part, string expected)
    {
        var spec = OutputSpec.Parse(text);
        OutputPlan.Check(Request(spec));
        var warning = Assert.Single(OutputAttributes.Warnings(spec));
        Assert.Contains(part, warning, StringComparison.Ordinal);
        Assert.Contains(expected, warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/work", "/work/out", false, true)]
    [InlineData("/work", "/work/a/b", false, true)]
    [InlineData("/work", "/work", false, false)]
    [InlineData("/work", "/", false, false)]
    [InlineData("/work", "/workshop", false, false)]
    [InlineData("/work", "/work/../other", false, false)]
    [InlineData("/work", "/work/..out", false, true)]
    [InlineData("/work", "/other", true, true)]
    public void What_is_not_below_the_current_location_is_deleted_only_where_that_is_allowed(string location, string destination, bool isAllowed, bool expected)
    {
        var output = OutputSpec.Parse($"type=local,dest={destination},mode=delete");
        var failure = Record.Exception(() => LocalDelete.Check([output, OutputSpec.Parse("/elsewhere")], location, isAllowed)) as BuildxException;
        Assert.Equal(expected, failure is null);
        Assert.True(failure is null || (failure.Failure == BuildxFailure.EntitlementRefused && failure.Advice.Contains("-Allow buildx.local.delete", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_link_out_of_the_current_location_is_followed_before_anything_is_deleted()
    {
        using var folder = new Environment.TemporaryFolder();
        Directory.CreateDirectory(Path.Join(folder.Path, "here"));
        Directory.CreateDirectory(Path.Join(folder.Path, "there"));
        Directory.CreateSymbolicLink(Path.Join(folder.Path, "here", "link"), Path.Join(folder.Path, "there"));
        var output = OutputSpec.Parse($"type=local,dest={Path.Join(folder.Path, "here", "link", "out")},mode=delete");
        Assert.Throws<BuildxException>(() => LocalDelete.Check([output], Path.Join(folder.Path, "here"), isAllowed: false));
        LocalDelete.Check([output], folder.Path, isAllowed: false);
    }

    private static BuildRequest Request(OutputSpec output) => new() { ContextPath = "/src", Outputs = [output] };
}
